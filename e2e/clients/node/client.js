// Calls hello.HelloService with @grpc/grpc-js; the command line and the answer are described in ../README.md.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import grpc from "@grpc/grpc-js";
import { errorInfo, service } from "./protocol.js";

const DEFAULT_DEADLINE_MS = "20000";

const { values: options } = parseArgs({
  options: {
    target: { type: "string" },
    authority: { type: "string" },
    ca: { type: "string" },
    plaintext: { type: "boolean", default: false },
    call: { type: "string" },
    greeting: { type: "string", default: "Orangery" },
    count: { type: "string", default: "3" },
    "deadline-ms": { type: "string", default: DEFAULT_DEADLINE_MS },
    metadata: { type: "string", multiple: true, default: [] },
  },
});

function connect() {
  const Client = grpc.makeGenericClientConstructor(service, "HelloService");
  const credentials = options.plaintext
    ? grpc.credentials.createInsecure()
    : grpc.credentials.createSsl(readFileSync(options.ca));
  return new Client(options.target, credentials, {
    "grpc.default_authority": options.authority,
    "grpc.ssl_target_name_override": options.authority,
    "grpc.enable_retries": 0,
  });
}

function metadata() {
  const metadata = new grpc.Metadata();
  for (const pair of options.metadata) {
    const [key, ...rest] = pair.split("=");
    const value = rest.join("=");
    metadata.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

function readable(metadata) {
  const entries = Object.keys(metadata?.getMap() ?? {}).filter((key) => key !== "grpc-status-details-bin");
  const text = (value) => (Buffer.isBuffer(value) ? value.toString("base64") : value);
  return Object.fromEntries(entries.map((key) => [key, text(metadata.get(key)[0])]));
}

/** How a call ended, whichever way; `replies` is filled by then. */
function outcome(call, replies) {
  let headers = new grpc.Metadata();
  call.on("metadata", (received) => (headers = received));
  call.on("error", () => {});
  return new Promise((resolve) => call.on("status", resolve)).then((status) => describe(status, headers, replies));
}

function describe(status, headers, replies) {
  const info = errorInfo(status.metadata);
  const ray = info.metadata.ray ?? readable(headers)["cf-ray"] ?? readable(status.metadata)["cf-ray"] ?? "";
  return {
    code: status.code,
    message: status.details,
    reason: info.reason,
    domain: info.domain,
    ray,
    replies,
    headers: readable(headers),
    trailers: readable(status.metadata),
  };
}

/** The arguments every call takes after its request, if it has one. */
const common = () => [metadata(), { deadline: Date.now() + Number(options["deadline-ms"]) }];

const unary = (replies) => (error, reply) => error || replies.push(reply);

function conversation(client, replies, onReply) {
  const call = client.BidiHello(...common());
  call.on("data", (reply) => {
    replies.push(reply);
    onReply(call, reply);
  });
  return call;
}

const calls = {
  "say-hello": (client, replies) => client.SayHello(options.greeting, ...common(), unary(replies)),
  "lots-of-replies": (client, replies) =>
    client.LotsOfReplies(options.greeting, ...common()).on("data", (reply) => replies.push(reply)),
  "lots-of-greetings": (client, replies) => {
    const call = client.LotsOfGreetings(...common(), unary(replies));
    for (let sent = 0; sent < Number(options.count); sent += 1) call.write(options.greeting);
    call.end();
    return call;
  },
  bidi: (client, replies) => {
    const next = (call) => (replies.length < Number(options.count) ? call.write(options.greeting) : call.end());
    const call = conversation(client, replies, next);
    next(call);
    return call;
  },
  cancel: (client, replies) => {
    const call = conversation(client, replies, () => call.cancel());
    call.write(options.greeting);
    return call;
  },
  deadline: (client, replies) => {
    const call = conversation(client, replies, () => {});
    call.write(options.greeting);
    return call;
  },
  hold: (client, replies) => {
    const call = conversation(client, replies, (_, reply) => console.log(JSON.stringify({ reply })));
    const lines = createInterface({ input: process.stdin });
    lines.on("line", (line) => call.write(line));
    lines.on("close", () => call.end());
    call.on("status", () => lines.close());
    return call;
  },
};

const client = connect();
const replies = [];
console.log(JSON.stringify(await outcome(calls[options.call](client, replies), replies)));
client.close();
