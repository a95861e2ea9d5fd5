/**
 * What every child process of the soak has: counts of what is alive in it, and a control line to the process that
 * started it. To be imported before the package, whose timers are counted too.
 */
import { EventEmitter } from "node:events";
import { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";

/** What the runner wants of this process. */
export const spec = JSON.parse(process.argv[2] ?? "{}");

/** Collections far enough apart that finalizers and idle callbacks have run in between. */
const COLLECTIONS = 4;
const COLLECTION_PAUSE_MS = 40;
/** How often the peak of memory is looked for: a burst of 100 MB takes longer. */
const SAMPLE_MS = 10;

const realInterval = globalThis.setInterval;
const realClear = globalThis.clearInterval;
const timers = new Set();
countTimers();
/** Emitters that live as long as the process: a listener that somebody forgets on one of them is there for ever. */
const lasting = [process];
rememberServers();
/** Sockets, requests and responses are emitters too; calls are aborted with signals. */
const COUNTED = { AbortSignal, EventEmitter };
const warnings = [];
process.on("warning", (warning) => {
  // Of the counting itself.
  if (!warning.message.startsWith("v8.queryObjects")) warnings.push(`${warning.name}: ${warning.message}`);
});
// Node opens it when the first socket is destroyed, to see whether it is this one: a handle that is nobody's leak.
void process.stderr;

let sampler;
let peakRss = 0;

const COMMANDS = { memory, usage, state, cpu: () => process.cpuUsage(), watch, peak };

/** Answers the runner from now on. */
export function serveRunner() {
  process.on("disconnect", () => process.exit(0));
  process.on("message", async ({ id, cmd }) => process.send({ id, value: await COMMANDS[cmd]() }));
}

/** Tells the runner something it did not ask for. */
export function tell(event, value) {
  process.send({ event, value });
}

/** Looks at memory now: for work that keeps the event loop from sampling. */
export function sample() {
  if (sampler !== undefined) peakRss = Math.max(peakRss, process.memoryUsage.rss());
}

/**
 * Every timer that the package makes is counted, those that do not keep the process alive too: its one interval runs
 * for as long as it holds a call, a stream or a session.
 */
function countTimers() {
  for (const [set, clear] of [
    ["setTimeout", "clearTimeout"],
    ["setInterval", "clearInterval"],
    ["setImmediate", "clearImmediate"],
  ]) {
    const make = globalThis[set];
    const stop = globalThis[clear];
    globalThis[set] = (work, ...rest) => {
      const timer = make(
        (...args) => {
          if (set !== "setInterval") timers.delete(timer);
          work(...args);
        },
        ...rest,
      );
      timers.add(timer);
      return timer;
    };
    globalThis[clear] = (timer) => {
      timers.delete(timer);
      stop(timer);
    };
  }
}

function rememberServers() {
  const { listen } = Server.prototype;
  Server.prototype.listen = function remembered(...args) {
    lasting.push(this);
    return listen.apply(this, args);
  };
}

/** What is alive, without a collection: to be polled. */
function state() {
  const handles = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  const ofOne = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  const listeners = lasting.reduce((sum, emitter) => sum + ofOne(emitter), 0);
  return { handles, timers: timers.size, listeners, warnings };
}

/** Memory after collections. */
async function memory() {
  for (let round = 0; round < COLLECTIONS; round += 1) {
    globalThis.gc();
    await sleep(COLLECTION_PAUSE_MS);
  }
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/** The same, the objects that are still reachable (a walk through the whole heap), and what is alive. */
async function usage() {
  const used = await memory();
  const objects = {};
  for (const [name, kind] of Object.entries(COUNTED)) objects[name] = queryObjects(kind, { format: "count" });
  return { ...used, objects, ...state() };
}

/** Begins to look for the peak of memory. */
function watch() {
  realClear(sampler);
  peakRss = 0;
  sampler = realInterval(sample, SAMPLE_MS);
  sampler.unref();
  sample();
  return peakRss;
}

function peak() {
  sample();
  realClear(sampler);
  sampler = undefined;
  return peakRss;
}
