// What the promises share: a client, and zones of this run, which are removed at its end.
import { randomBytes } from "node:crypto";
import Cloudflare from "cloudflare";
import { all } from "./checks.js";

export const client = new Cloudflare();
export const [account] = await all(client.accounts.list());
const runId = randomBytes(4).toString("hex");
const made = [];

export const zoneName = (label) => `${label}-${runId}.test`;

export async function newZone(label) {
  const zone = await client.zones.create({ account: { id: account.id }, name: zoneName(label), type: "full" });
  made.push(zone.id);
  return zone;
}

/** Removes the zones that the promises about deletion have left. */
export const cleanUp = () => Promise.allSettled(made.map((zone_id) => client.zones.delete({ zone_id })));

export const zone = await newZone("sdk-node");
