import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Hello { string text = 1; }
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
`);
const [Hello, Status, ErrorInfo] = ["Hello", "Status", "ErrorInfo"].map((name) => root.lookupType(name));

const codec = {
  requestSerialize: (text) => Buffer.from(Hello.encode({ text }).finish()),
  requestDeserialize: (bytes) => Hello.decode(bytes).text,
  responseSerialize: (text) => Buffer.from(Hello.encode({ text }).finish()),
  responseDeserialize: (bytes) => Hello.decode(bytes).text,
};

const method = (name, requestStream, responseStream) => ({
  path: `/hello.HelloService/${name}`,
  requestStream,
  responseStream,
  ...codec,
});

export const service = {
  SayHello: method("SayHello", false, false),
  LotsOfReplies: method("LotsOfReplies", false, true),
  LotsOfGreetings: method("LotsOfGreetings", true, false),
  BidiHello: method("BidiHello", true, true),
};

/** The google.rpc.ErrorInfo in `grpc-status-details-bin`, or an empty one. */
export function errorInfo(trailers) {
  const [bytes] = trailers.get("grpc-status-details-bin");
  const details = bytes ? Status.decode(bytes).details : [];
  const info = details.find((detail) => detail.typeUrl.endsWith("/google.rpc.ErrorInfo"));
  return info ? ErrorInfo.decode(info.value) : ErrorInfo.create();
}
