/**
 * Builds of Holdfast side by side on one row, in short interleaved rounds: what a change costs or saves, which whole
 * runs on a shared machine cannot tell.
 *
 *     node bench/compare.mjs --row json --builds DIR,DIR [--rounds 60] [--calls 2000]
 */
import { parseArgs } from "node:util";
import { pinLoad, startServer } from "./lib/server-process.mjs";
import { ROWS } from "./rows/index.mjs";
import { PEERS } from "./servers/peers.mjs";

const WARM_CALLS = 10_000;

const { values } = parseArgs({
  options: {
    row: { type: "string", default: "json" },
    builds: { type: "string", default: "" },
    rounds: { type: "string", default: "60" },
    calls: { type: "string", default: "2000" },
  },
});
const row = ROWS.find((one) => one.name === values.row);
const peer = (name) => PEERS.find((one) => one.name === name);
pinLoad();

async function lane(label, one) {
  const server = await startServer(one, row.order, { label: `compare-${label.replaceAll("/", "_")}` });
  const driver = row.drive(server);
  await driver.open(row.connections(one));
  for (let part = 0; part < 4; part++) {
    await driver.renew();
    await driver.run(WARM_CALLS / 4);
  }
  return { label, server, driver, samples: [] };
}

const lanes = [await lane("bare", peer("bare"))];
for (const build of values.builds.split(",").filter(Boolean)) {
  process.env.HOLDFAST_DIST = build;
  lanes.push(await lane(build, peer("holdfast")));
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const one of lanes) {
    await one.driver.ready?.();
    const before = one.server.cpuUs();
    const { calls } = await one.driver.run(Number(values.calls));
    one.samples.push((one.server.cpuUs() - before) / calls);
  }
}
const at = (list, part) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)];
const [bare] = lanes;
for (const { label, samples, driver, server } of lanes) {
  const ratios = samples.map((us, index) => us / bare.samples[index]);
  const cells = [0.05, 0.25, 0.5].map((part) => at(samples, part).toFixed(1)).join(" / ");
  console.log(`${label.padEnd(24)} us at 5/25/50 %: ${cells}   x bare: ${at(ratios, 0.5).toFixed(3)}`);
  driver.close();
  await server.stop();
}
