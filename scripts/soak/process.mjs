/** A server of the soak in a process of its own, and what the runner asks it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ANSWER_MS = 120_000;
const POLL_MS = 100;
/** After this long what is still there is there to stay: every window and timeout of the scenarios is below a third. */
const SETTLE_MS = 30_000;
/** How much of what a server said on stderr is told when it ends. */
const LAST_WORDS = 1000;

const running = new Set();

/** Ends every server that was started: the runner is stopped. */
export function endServers() {
  for (const child of running) child.kill("SIGKILL");
}

/**
 * `file` in this folder; `limits` and `store` of the server; `stdio` of its descriptors 0 and 1; `objects` false where nobody asks
 * what is left in the heap: counting takes a while.
 */
export async function startServer(file, { limits = {}, store, stdio = ["ignore", "ignore"], objects = true } = {}) {
  const args = ["--expose-gc", `${FOLDER}${file}`, JSON.stringify({ limits, store })];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^MCP_|^NODE_OPTIONS$/.test(name)));
  const server = new ServerProcess(spawn(process.execPath, args, { stdio: [...stdio, "pipe", "ipc"], env }));
  server.port = await server.event("ready");
  server.fresh = await (objects ? server.usage() : server.state());
  return server;
}

class ServerProcess {
  port;
  /** What was alive before the first client came. */
  fresh;
  #nextId = 0;
  #waiting = new Map();
  #events = new Map();
  #waitingEvents = new Map();

  constructor(child) {
    this.child = child;
    running.add(child);
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    child.on("message", (message) => this.#take(message));
    // Not the event `close`, which waits for a stdout that nobody reads.
    const said = once(child.stderr, "close");
    this.exited = once(child, "exit").then(async ([code, signal]) => {
      running.delete(child);
      await said;
      this.#failAll(new Error(`a server ended (${code ?? signal}): ${words}`));
      return code;
    });
  }

  /** Memory after collections: short enough to be asked for while others are served. */
  memory() {
    return this.#ask("memory");
  }

  /** The same, and what is alive or still reachable. */
  usage() {
    return this.#ask("usage");
  }

  /** What is alive. */
  state() {
    return this.#ask("state");
  }

  /** Microseconds of CPU so far. */
  async cpuUs() {
    const { user, system } = await this.#ask("cpu");
    return user + system;
  }

  /** From now on the peak of memory is looked for; resolves with memory now. */
  watch() {
    return this.#ask("watch");
  }

  /** The most memory since `watch`. */
  peak() {
    return this.#ask("peak");
  }

  /** Resolves with the next thing of that name that the server tells; what it told before counts. */
  event(name, ms = ANSWER_MS) {
    const told = this.#events.get(name)?.shift();
    if (told !== undefined) return Promise.resolve(told.value);
    return this.#within(ms, `no "${name}"`, (settle) => {
      const list = this.#waitingEvents.get(name) ?? [];
      this.#waitingEvents.set(name, [...list, settle]);
    });
  }

  /** Waits until nothing is alive that was not at the start; resolves with what there is then, memory included. */
  async settled() {
    const fresh = alive(this.fresh);
    await this.waitFor((now) => isDeepStrictEqual(alive(now), fresh), SETTLE_MS);
    return await this.usage();
  }

  /** Looks at what is alive again and again; false when it never `holds`. */
  async waitFor(holds, ms) {
    const until = performance.now() + ms;
    while (!holds(await this.state())) {
      if (performance.now() > until) return false;
      await sleep(POLL_MS);
    }
    return true;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
  }

  #ask(cmd) {
    this.#nextId += 1;
    const id = this.#nextId;
    return this.#within(ANSWER_MS, `no answer to "${cmd}"`, (settle) => {
      this.#waiting.set(id, settle);
      this.child.send({ id, cmd });
    });
  }

  #within(ms, what, begin) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what} in ${ms} ms`)), ms);
      begin({
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #take({ id, value, event }) {
    if (event !== undefined) {
      const waiter = this.#waitingEvents.get(event)?.shift();
      if (waiter !== undefined) return waiter.resolve(value);
      this.#events.set(event, [...(this.#events.get(event) ?? []), { value }]);
      return;
    }
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiter?.resolve(value);
  }

  #failAll(error) {
    for (const waiter of [...this.#waiting.values(), ...[...this.#waitingEvents.values()].flat()]) waiter.reject(error);
    this.#waiting.clear();
    this.#waitingEvents.clear();
  }
}

/** The part of a state that must come back to what it was. */
export function alive({ handles, timers, listeners }) {
  return { handles, timers, listeners };
}
