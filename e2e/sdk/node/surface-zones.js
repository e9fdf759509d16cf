import assert from "node:assert/strict";
import Cloudflare from "cloudflare";
import { all, promise, refused } from "./checks.js";
import { account, client, newZone, zone, zoneName } from "./world.js";

promise("a good token verifies and an unknown one is told so", async () => {
  assert.equal((await client.user.tokens.verify()).status, "active");
  const stranger = new Cloudflare({ apiToken: "x".repeat(40), maxRetries: 0 });
  await refused(401, 1000, () => stranger.user.tokens.verify());
});

promise("a malformed token is told so", async () => {
  const stranger = new Cloudflare({ apiToken: "not a token", maxRetries: 0 });
  await refused(400, 6003, () => stranger.user.tokens.verify());
});

promise("a zone is active at once and has name servers", async () => {
  const got = await client.zones.get({ zone_id: zone.id });
  assert.deepEqual([got.name, got.status, got.paused], [zoneName("sdk-node"), "active", false]);
  assert.ok(got.name_servers.length >= 2);
  assert.equal(got.account.id, account.id);
});

promise("listing zones ends whatever the page size", async () => {
  const extra = [await newZone("page-a"), await newZone("page-b"), await newZone("page-c")];
  for (const per_page of [5, 50]) {
    const ids = (await all(client.zones.list({ per_page }))).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id } of [zone, ...extra]) assert.ok(ids.includes(id));
  }
});

promise("a page past the end is empty", async () => {
  assert.deepEqual((await client.zones.list({ page: 9999 })).result, []);
});

promise("a zone can be paused and resumed", async () => {
  for (const paused of [true, false]) {
    assert.equal((await client.zones.edit({ zone_id: zone.id, paused })).paused, paused);
  }
});

promise("a name that exists or is no domain is refused", async () => {
  const create = (name) => () => client.zones.create({ account: { id: account.id }, name });
  await refused(400, 1061, create(zone.name), "already exists");
  for (const bad of ["", "localhost", "sp ace.test"]) await refused(400, 1002, create(bad));
});

promise("activation, plans, memberships and addresses are answered", async () => {
  assert.equal((await client.zones.activationCheck.trigger({ zone_id: zone.id })).id, zone.id);
  assert.ok((await all(client.zones.plans.list({ zone_id: zone.id }))).length);
  assert.equal((await all(client.memberships.list())).length, 1);
  assert.ok(Array.isArray((await client.ips.list()).ipv4_cidrs));
});

promise("a deleted zone is gone", async () => {
  const doomed = await newZone("doomed");
  assert.equal((await client.zones.delete({ zone_id: doomed.id })).id, doomed.id);
  assert.deepEqual(await all(client.zones.list({ name: doomed.name })), []);
});
