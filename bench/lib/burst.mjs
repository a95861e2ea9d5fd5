/** A server under calls: started, warmed, and then measured in bursts. */
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "./server-process.mjs";

/** Time for the server to fall asleep, so that its accounting is complete. */
const SETTLE_MS = 4;
/**
 * Warm-up in parts, each on fresh connections: the first times that a server sees connections close, V8 throws away
 * much of what it had optimised, and that must not happen in a measured round.
 */
const WARM_PARTS = 4;
/** The budget is looked at after so many calls. */
const STEP_CALLS = 100;
const GIVE_UP_MS = 60_000;

/** Starts a server and calls it until it is as fast as it gets. `calls` is the number of calls of a burst. */
export async function prepare(row, peer, order, options) {
  const server = await startServer(peer, order, { label: row.name });
  const driver = row.drive(server);
  try {
    // A server with a list of its own sends that; the others send what they are given.
    if (row.reference !== undefined) await server.canned(JSON.stringify(row.reference));
    await within(GIVE_UP_MS, driver.open(row.connections(peer)));
    return { server, driver, calls: await warm(server, driver, options) };
  } catch (error) {
    await leave({ server, driver });
    throw error;
  }
}

/** Calls until enough were made or enough CPU was spent; resolves with the number of calls of one burst. */
async function warm(server, driver, { warmCalls, warmCpuMs, burstCpuMs }) {
  const budgetUs = (warmCpuMs * 1000) / WARM_PARTS;
  const target = warmCalls / WARM_PARTS;
  let us = 0;
  for (let part = 0; part < WARM_PARTS; part++) {
    await driver.renew();
    const start = server.cpuUs();
    let made = 0;
    while (made < target && server.cpuUs() - start < budgetUs) {
      const { calls } = await within(GIVE_UP_MS, driver.run(STEP_CALLS));
      made += calls;
    }
    await sleep(SETTLE_MS);
    us = (server.cpuUs() - start) / made;
  }
  return Math.max(1, Math.round((burstCpuMs * 1000) / us));
}

/** `us`: the server's CPU per call; `loadUs`: what the load itself took. */
export async function burst({ server, driver, calls }) {
  await driver.ready();
  await sleep(SETTLE_MS);
  const load = process.cpuUsage();
  const before = server.cpuUs();
  const done = await within(GIVE_UP_MS, driver.run(calls));
  const spent = process.cpuUsage(load);
  await sleep(SETTLE_MS);
  const us = (server.cpuUs() - before) / done.calls;
  return { calls: done.calls, us, loadUs: (spent.user + spent.system) / done.calls };
}

/** A server that falls silent ends its row and not the run. */
function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export async function leave({ server, driver }) {
  driver.close();
  await server.stop();
}
