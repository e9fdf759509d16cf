// What the official npm SDK knows of zones, settings, DNS records and certificates, used against a running control plane.
import { run } from "./checks.js";
import "./surface-zones.js";
import "./surface-settings.js";
import "./surface-records.js";
import "./surface-certificates.js";
import { cleanUp } from "./world.js";

await run();
await cleanUp();
