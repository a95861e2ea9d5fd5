/** A server in a process of its own, alone on its core. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cpuUs } from "./cpu.mjs";

const BENCH = fileURLToPath(new URL("..", import.meta.url));
const LOGS = `${BENCH}.tmp/logs`;
const READY_MS = 20_000;
const ANSWER_MS = 120_000;
export const SERVER_CORE = 0;
const pinned = cpus().length > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** Puts this process on the other core. */
export function pinLoad() {
  if (!pinned) console.error("bench: one core or no taskset: server and load share what there is");
  else spawnSync("taskset", ["-a", "-cp", "1", String(process.pid)]);
}

/** `args` go to node, before the file. */
export function spawnServer(peer, spec, { stdio, args = [] }) {
  const command = [process.execPath, ...args, `${BENCH}servers/${peer.file}`, JSON.stringify(spec)];
  const [program, ...rest] = pinned ? ["taskset", "-c", String(SERVER_CORE), ...command] : command;
  return spawn(program, rest, { stdio, cwd: BENCH, env: environment() });
}

/** Ours without what frameworks take settings from. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^(FAST)?MCP_|^NODE_OPTIONS$/.test(name));
  return { ...Object.fromEntries(kept), NODE_ENV: "production" };
}

export async function startServer(peer, order, { label, args = [] } = {}) {
  const spec = order.transport === "http" ? { ...order, port: await freePort() } : order;
  mkdirSync(LOGS, { recursive: true });
  const log = `${LOGS}/${label ?? "server"}-${peer.name}.log`;
  const file = openSync(log, "w");
  const pipes = spec.transport === "stdio" ? ["pipe", "pipe"] : ["ignore", file];
  const child = spawnServer(peer, spec, { stdio: [...pipes, file, "ipc"], args: ["--expose-gc", ...args] });
  closeSync(file);
  const server = new Server(peer, spec, child, log);
  const message = await server.reply(READY_MS);
  if (message.ready !== true) throw new Error(`${peer.name}: unexpected ${JSON.stringify(message)}`);
  return server;
}

class Server {
  constructor(peer, spec, child, log) {
    Object.assign(this, { peer, spec, child, log, pid: child.pid, port: spec.port });
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  cpuUs() {
    return cpuUs(this.pid);
  }

  /** Memory after collections, and the number of things that keep its loop alive. */
  usage() {
    return this.#ask({ cmd: "usage" });
  }

  /** One notification to every stream. */
  notify() {
    return this.#ask({ cmd: "notify" });
  }

  canned(text) {
    return this.#ask({ cmd: "canned", text });
  }

  /** Begins a CPU profile, or ends it into a file. */
  profile(file) {
    return this.#ask({ cmd: "profile", file });
  }

  async stop() {
    if (!this.alive) return;
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await gone;
  }

  async #ask(message) {
    const answer = this.reply(ANSWER_MS);
    this.child.send(message);
    return await answer;
  }

  reply(ms) {
    const { child } = this;
    const timer = new AbortController();
    return new Promise((resolve, reject) => {
      const settle = (act) => (value) => {
        timer.abort();
        child.off("message", taken);
        child.off("exit", ended);
        act(value);
      };
      const taken = settle(resolve);
      const ended = settle((code) => reject(new Error(`${this.peer.name} ended (${code}): ${this.#lastWords()}`)));
      child.on("message", taken);
      child.on("exit", ended);
      const late = settle(() =>
        reject(new Error(`${this.peer.name} did not answer in ${ms} ms: ${this.#lastWords()}`)),
      );
      sleep(ms, undefined, { signal: timer.signal }).then(late, () => {});
    });
  }

  #lastWords() {
    return readFileSync(this.log, "utf8").slice(-800);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
