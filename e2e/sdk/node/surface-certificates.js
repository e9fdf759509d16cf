import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import forge from "node-forge";
import { all, promise, refused } from "./checks.js";
import { client, newZone } from "./world.js";

const DAY_MS = 86_400_000;
const zone = await newZone("sdk-node-certificates");
const at = { zone_id: zone.id };
const hosts = [zone.name, `*.${zone.name}`];

/** A key of node:crypto, in PEM and as node-forge has it. */
function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const priv = forge.pki.privateKeyFromPem(privateKey);
  return { pem: privateKey, priv, pub: forge.pki.setRsaPublicKey(priv.n, priv.e) };
}

const subject = (name) => [{ name: "commonName", value: name }];
const altNames = (names) => ({ name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) });

function selfSigned({ priv, pub }, names, { days = 90, authority = false } = {}) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = pub;
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`;
  certificate.validity.notBefore = new Date(Date.now() - 100 * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + days * DAY_MS);
  certificate.setSubject(subject(names[0]));
  certificate.setIssuer(subject(names[0]));
  certificate.setExtensions([{ name: "basicConstraints", cA: authority }, ...(authority ? [] : [altNames(names)])]);
  certificate.sign(priv, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

function signingRequest({ priv, pub }, names) {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = pub;
  request.setSubject(subject(names[0]));
  request.setAttributes([{ name: "extensionRequest", extensions: [altNames(names)] }]);
  request.sign(priv, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}

const key = newKey();

promise("an uploaded certificate is listed and removed and never shows its key", async () => {
  const made = await client.customCertificates.create({ ...at, certificate: selfSigned(key, hosts), private_key: key.pem });
  assert.deepEqual([made.status, made.hosts.toSorted()], ["active", hosts.toSorted()]);
  const [listed, ...others] = await all(client.customCertificates.list(at));
  assert.deepEqual([listed.id, others], [made.id, []]);
  assert.ok(!JSON.stringify(await client.customCertificates.get(made.id, at)).includes("PRIVATE KEY"));
  assert.equal((await client.customCertificates.delete(made.id, at)).id, made.id);
});

promise("a certificate that cannot serve the zone is refused", async () => {
  const upload = (certificate, private_key = key.pem) => () =>
    client.customCertificates.create({ ...at, certificate, private_key });
  await refused(400, null, upload("nonsense"));
  await refused(400, null, upload(selfSigned(key, hosts), newKey().pem));
  await refused(400, null, upload(selfSigned(key, hosts, { days: -1 })));
  await refused(400, null, upload(selfSigned(key, ["www.example.com"])));
  assert.deepEqual(await all(client.customCertificates.list(at)), []);
});

promise("the trust store keeps a root until it is deleted", async () => {
  const store = client.acm.customTrustStore;
  const made = await store.create({ ...at, certificate: selfSigned(key, ["A root of one's own"], { authority: true }) });
  assert.deepEqual((await all(store.list(at))).map(({ id }) => id), [made.id]);
  assert.equal((await store.delete(made.id, at)).id, made.id);
  assert.deepEqual(await all(store.list(at)), []);
});

promise("the Origin CA signs a request for names of the zone and of nobody else", async () => {
  const sign = (names) =>
    client.originCACertificates.create({
      csr: signingRequest(key, names),
      hostnames: names,
      request_type: "origin-rsa",
      requested_validity: 365,
    });
  const made = await sign(hosts);
  assert.match(made.certificate, /BEGIN CERTIFICATE/);
  assert.ok((await all(client.originCACertificates.list(at))).some(({ id }) => id === made.id));
  await refused(400, null, () => sign(["www.example.com"]));
});
