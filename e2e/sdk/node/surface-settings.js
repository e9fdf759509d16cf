import assert from "node:assert/strict";
import { promise, refused } from "./checks.js";
import { client, zone } from "./world.js";

const ENFORCED = {
  ssl: ["off", "flexible", "full", "strict"],
  http2: ["off", "on"],
  min_tls_version: ["1.0", "1.1", "1.3", "1.2"],
  always_use_https: ["on", "off"],
  origin_max_http_version: ["1", "2"],
};
const edit = (setting, value) => client.zones.settings.edit(setting, { zone_id: zone.id, value });
const get = async (setting) => (await client.zones.settings.get(setting, { zone_id: zone.id })).value;

promise("every enforced setting takes and returns each of its values", async () => {
  for (const [setting, values] of Object.entries(ENFORCED)) {
    for (const value of values) {
      assert.equal((await edit(setting, value)).value, value);
      assert.equal(await get(setting), value);
    }
  }
});

promise("grpc goes on under full and strict and only there", async () => {
  for (const mode of ["full", "strict"]) {
    await edit("ssl", mode);
    assert.equal((await edit("grpc", "on")).value, "on");
    assert.equal((await edit("grpc", "off")).value, "off");
  }
  for (const mode of ["off", "flexible"]) {
    await edit("ssl", mode);
    await refused(400, 1007, () => edit("grpc", "on"), "ssl");
  }
});

promise("a bad value or an unknown setting is refused", async () => {
  for (const setting of Object.keys(ENFORCED)) await refused(400, 1007, () => edit(setting, "nonsense"));
  await refused(400, 1006, () => edit("grpc_over_pigeons", "on"));
});

promise("the batch judges the final state and takes all or nothing", async () => {
  const batch = (values) =>
    client.patch(`/zones/${zone.id}/settings`, {
      body: { items: Object.entries(values).map(([id, value]) => ({ id, value })) },
    });
  await edit("ssl", "flexible");
  await batch({ grpc: "on", ssl: "full" });
  assert.deepEqual([await get("ssl"), await get("grpc")], ["full", "on"]);
  await refused(400, 1007, () => batch({ http2: "off", ssl: "flexible" }));
  assert.deepEqual([await get("ssl"), await get("http2")], ["full", "on"]);
});
