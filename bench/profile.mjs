/**
 * One server on one row under the CPU profiler of V8, as text.
 *
 *     node bench/profile.mjs --row json [--peer holdfast] [--ms 3000] [--top 40] [--out FILE.cpuprofile]
 */
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install } from "./lib/install.mjs";
import { profileStart } from "./lib/profile-start.mjs";
import { profileText } from "./lib/profile-text.mjs";
import { pinLoad, startServer } from "./lib/server-process.mjs";
import { ROWS } from "./rows/index.mjs";
import { PEERS } from "./servers/peers.mjs";

const WARM_CALLS = 3000;

const { values } = parseArgs({
  options: {
    row: { type: "string", default: "json" },
    peer: { type: "string", default: "holdfast" },
    ms: { type: "string", default: "3000" },
    top: { type: "string", default: "40" },
    out: { type: "string" },
  },
});
const row = ROWS.find((one) => one.name === values.row && (one.drive !== undefined || one.name === "start"));
const peer = PEERS.find((one) => one.name === values.peer);
if (row === undefined || peer === undefined) {
  const names = ROWS.filter((one) => one.drive !== undefined).map((one) => one.name);
  throw new Error(`--row: start, ${names.join(", ")}; --peer: ${PEERS.map((one) => one.name).join(", ")}`);
}
install();
pinLoad();
const top = Number(values.top);
const temporary = fileURLToPath(new URL(".tmp/", import.meta.url));
mkdirSync(temporary, { recursive: true });
if (row.name === "start") {
  await profileStart(row, peer, { directory: `${temporary}start-${peer.name}`, top });
  process.exit(0);
}
const file = values.out ?? `${temporary}${row.name}-${peer.name}.cpuprofile`;
const server = await startServer(peer, row.order, { label: `profile-${row.name}` });
const driver = row.drive(server);
await driver.open(row.connections(peer));
for (let part = 0; part < 4; part++) {
  await driver.renew();
  await driver.run(WARM_CALLS);
}
const before = server.cpuUs();
const plain = await driver.run(WARM_CALLS);
const us = (server.cpuUs() - before) / plain.calls;
await server.profile();
const { calls } = await driver.run(Math.ceil((Number(values.ms) * 1000) / us));
await server.profile(file);
console.log(`${peer.label}, ${row.title}: ${us.toFixed(1)} us CPU per call (not profiled)`);
console.log(profileText(JSON.parse(readFileSync(file, "utf8")), { calls, top }));
console.log(`Profile: ${file}`);
driver.close();
await server.stop();
