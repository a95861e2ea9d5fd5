/** Server processes: started, killed without warning, and started again in the same place. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("server.mjs", import.meta.url));
/** How long a server may live, from when it listens: about as long as a few calls take. */
const LIFE_MS = 400;
/** A life in which nothing was answered is followed by a longer one: a busy machine is slow, and not wrong. */
const LONGER = 1.5;
const LAST_WORDS = 2000;

const running = new Set();

/** Ends every process that was started here. */
export function endProcesses() {
  for (const child of running) child.kill("SIGKILL");
}

/** A server in `dir`; `where` is `stdio` or `http`. What it says on stderr is kept in `words`. */
export function spawnServer({ dir, downstream, where, words }) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^MCP_|^NODE_OPTIONS$/.test(name)));
  const args = [SERVER, dir, downstream, String(where)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"], env });
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stderr.setEncoding("utf8").on("data", (text) => {
    words.text = (words.text + text).slice(-LAST_WORDS);
  });
  return child;
}

/**
 * One HTTP server on one port that is killed again and again. The next process is there before the present one dies: it has
 * loaded its code and waits to be told to open the store and listen.
 */
export class MortalServer {
  port = 0;
  kills = 0;
  events = [];
  words = { text: "" };
  #options;
  #random;
  #answered;
  #child;
  #next;
  #stopped = false;

  /** `answered` tells how many calls have been answered so far. */
  constructor(options, { random, answered }) {
    this.#options = options;
    this.#random = random;
    this.#answered = answered;
    this.#next = this.#spawn();
  }

  async start() {
    const child = this.#next;
    await child.loaded;
    this.#child = child.process;
    child.process.stdin.write(`${this.port}\n`);
    this.port = await child.listening;
    // From now on an end that nobody asked for is a failure of the server.
    child.process.once("exit", () => {
      if (this.#child === child.process) this.died = new Error(`a server died: ${this.words.text}`);
    });
    this.#next = this.#spawn();
  }

  /** Kills and restarts until `calm`, so often at the most. */
  async run(mostKills) {
    let most = LIFE_MS;
    while (!this.#stopped && this.kills < mostKills) {
      const before = this.#answered();
      await sleep(this.#random.between(5, most));
      if (this.#stopped) return;
      most = this.#answered() === before ? most * LONGER : LIFE_MS;
      const victim = this.#take();
      this.events.push(`kill ${victim.pid} ${Math.round(performance.now())}`);
      await end(victim);
      this.kills += 1;
      await this.start();
    }
  }

  /** It is not killed any more. */
  calm() {
    this.#stopped = true;
  }

  async stop() {
    this.calm();
    await Promise.all([end(this.#take()), end(this.#next.process)]);
  }

  #take() {
    const child = this.#child;
    this.#child = undefined;
    return child;
  }

  #spawn() {
    const child = spawnServer({ ...this.#options, where: "http", words: this.words });
    child.stdin.on("error", () => {});
    const lines = createInterface({ input: child.stdout });
    const said = once(lines, "line").then(async ([first]) => ({ first, second: once(lines, "line") }));
    const failed = once(child, "exit").then(([code, signal]) => {
      throw new Error(`a server ended (${code ?? signal}): ${this.words.text}`);
    });
    const loaded = Promise.race([said, failed]);
    const listening = Promise.race([said.then(({ second }) => second), failed]).then(([line]) => Number(line));
    for (const promise of [failed, loaded, listening]) promise.catch(() => {});
    return { process: child, loaded, listening };
  }
}

async function end(child) {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
