// The walk-through of the README with the official npm SDK: three switches of demo.test, in the order that makes sense.
import assert from "node:assert/strict";
import Cloudflare from "cloudflare";
import { all, promise, refused, run } from "./checks.js";

const client = new Cloudflare();
const [zone] = await all(client.zones.list({ name: "demo.test" }));
const [record] = await all(client.dns.records.list({ zone_id: zone.id, name: { exact: "grpc.demo.test" } }));

const setting = async (name) => (await client.zones.settings.get(name, { zone_id: zone.id })).value;
const edit = async (name, value) => (await client.zones.settings.edit(name, { zone_id: zone.id, value })).value;
const { name, type, content } = record;
const proxy = async (proxied) =>
  (await client.dns.records.edit(record.id, { zone_id: zone.id, name, type, content, ttl: 1, proxied })).proxied;

promise("the zone begins with every switch off", async () => {
  assert.equal(await edit("grpc", "off"), "off");
  assert.equal(await edit("ssl", "flexible"), "flexible");
  assert.equal(await proxy(false), false);
});

promise("the record gets its orange cloud", async () => {
  assert.equal(await proxy(true), true);
  assert.equal((await client.dns.records.get(record.id, { zone_id: zone.id })).proxied, true);
});

promise("grpc is refused while ssl is flexible and the message names what to change", async () => {
  const [error] = await refused(400, 1007, () => edit("grpc", "on"), "ssl");
  assert.match(error.message, /full/);
  assert.equal(await setting("grpc"), "off");
});

promise("ssl becomes full and then grpc can be on", async () => {
  assert.equal(await edit("ssl", "full"), "full");
  assert.equal(await edit("grpc", "on"), "on");
  assert.deepEqual([await setting("ssl"), await setting("grpc")], ["full", "on"]);
});

promise("ssl cannot be lowered while grpc is on", async () => {
  await refused(400, 1007, () => edit("ssl", "flexible"), "grpc");
  assert.equal(await setting("ssl"), "full");
});

await run();
