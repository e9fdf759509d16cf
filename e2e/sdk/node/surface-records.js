import assert from "node:assert/strict";
import { all, promise, refused } from "./checks.js";
import { client, newZone } from "./world.js";

const zone = await newZone("sdk-node-records");
const records = client.dns.records;
const at = { zone_id: zone.id };
const address = (name, content = "192.0.2.1") => ({ name, type: "A", content, ttl: 1, proxied: false });
const create = (record) => records.create({ ...at, ...record });
const list = (filter = {}) => all(records.list({ ...at, ...filter }));
const remove = (found) => Promise.all(found.map(({ id }) => records.delete(id, at)));

promise("each type is created, read and removed", async () => {
  const kinds = [
    address("each-a"),
    { name: "each-aaaa", type: "AAAA", content: "2001:db8::7", ttl: 1 },
    { name: "each-cname", type: "CNAME", content: "target.example.com", ttl: 1 },
    { name: "each-txt", type: "TXT", content: "v=spf1 -all", ttl: 60 },
    { name: "each-mx", type: "MX", content: "mail.example.com", priority: 10, ttl: 1 },
    { name: "each-ns", type: "NS", content: "ns.example.com", ttl: 1 },
  ];
  for (const kind of kinds) {
    const made = await create(kind);
    assert.deepEqual([made.name, made.content], [`${kind.name}.${zone.name}`, kind.content]);
    assert.equal((await records.get(made.id, at)).type, kind.type);
    assert.equal((await records.delete(made.id, at)).id, made.id);
    await refused(404, 81044, () => records.get(made.id, at));
  }
});

promise("put replaces, patch merges, and the origin survives both", async () => {
  const made = await create({ ...address("keeps"), proxied: true, comment: "first", origin: { port: 8443, protocol: "grpcs" } });
  const put = await records.update(made.id, { ...at, ...address("keeps", "192.0.2.2"), proxied: true });
  assert.deepEqual([put.content, put.comment, put.origin.port], ["192.0.2.2", null, 8443]);
  const patched = await records.edit(made.id, { ...at, comment: "second" });
  assert.deepEqual([patched.content, patched.comment, patched.origin.port], ["192.0.2.2", "second", 8443]);
  await remove([made]);
});

promise("twins, a CNAME beside an address and bad content are refused", async () => {
  const made = await create(address("twin"));
  await refused(400, 81058, () => create(address("twin")), "already exist");
  await refused(400, 81053, () => create({ ...address("twin"), type: "CNAME", content: "other.example.com" }));
  await refused(400, 9005, () => create(address("bad", "nonsense")), "valid IPv4 address");
  await remove([made]);
});

promise("listing records ends and filters hold", async () => {
  const made = [];
  for (let index = 1; index <= 7; index += 1) made.push(await create(address(`many-${index}`, `192.0.2.${index}`)));
  const listed = await list({ name: { startswith: "many-" }, per_page: 5 });
  assert.deepEqual(listed.map(({ id }) => id).sort(), made.map(({ id }) => id).sort());
  assert.deepEqual((await records.list({ ...at, page: 99 })).result, []);
  assert.deepEqual((await list({ content: { exact: "192.0.2.3" } })).map(({ name }) => name), [`many-3.${zone.name}`]);
  await remove(made);
});

promise("a batch works in its order and takes all or nothing", async () => {
  const old = await create(address("old"));
  const done = await records.batch({ ...at, deletes: [{ id: old.id }], posts: [address("old"), address("new", "192.0.2.4")] });
  assert.deepEqual([done.deletes.length, done.patches.length, done.puts.length, done.posts.length], [1, 0, 0, 2]);
  const before = await list();
  await refused(400, 9005, () =>
    records.batch({ ...at, deletes: [{ id: done.posts[0].id }], posts: [address("extra"), address("bad", "nonsense")] }),
  );
  assert.deepEqual(await list(), before);
  await remove(before);
});
