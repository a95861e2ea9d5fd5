/**
 * A client over stdio: it starts its server itself, kills it or closes its stdin at random moments, starts it again and
 * calls again.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Client } from "./client.mjs";
import { spawnServer } from "./process.mjs";

const KILL_PART = 0.7;
const LIFE_MS = 350;

export class StdioClient extends Client {
  kills = 0;
  cuts = 0;
  calm = false;
  words = { text: "" };
  #place;
  #server;
  #nextId = 1;
  #ended = [];

  constructor(options) {
    super(options);
    this.#place = options.place;
  }

  async attempt(intent) {
    this.#server ??= await this.#start();
    const id = this.#nextId++;
    return await this.#server.ask(this.toolCall(id, intent, { progressToken: id }));
  }

  async close() {
    this.calm = true;
    this.#server?.child.stdin.end();
    await Promise.all(this.#ended);
  }

  async #start() {
    const child = spawnServer({ ...this.#place, where: "stdio", words: this.words });
    this.#ended.push(once(child, "exit"));
    child.stdin.on("error", () => {});
    const waiting = new Map();
    const fail = () => {
      if (this.#server?.child === child) this.#server = undefined;
      for (const resolve of waiting.values()) resolve(undefined);
      waiting.clear();
    };
    // What the server had written before it ended is read to its end: only then nothing came.
    const lines = createInterface({ input: child.stdout });
    lines.on("close", fail);
    lines.on("line", (line) => {
      const message = parse(line);
      if (message === undefined || message.method !== undefined) return;
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    });
    const server = {
      child,
      ask: (message) =>
        new Promise((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
          waiting.set(message.id, resolve);
          child.stdin.write(`${JSON.stringify(message)}\n`);
        }),
    };
    const answer = await server.ask(this.initialize("2025-11-25"));
    if (answer === undefined) return await Promise.reject(Object.assign(new Error("ended"), { code: "ENDED" }));
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
    this.#mortal(child);
    return server;
  }

  #mortal(child) {
    const timer = setTimeout(
      () => {
        if (this.calm || child.exitCode !== null) return;
        if (this.random.chance(KILL_PART)) {
          this.kills += 1;
          child.kill("SIGKILL");
          return;
        }
        this.cuts += 1;
        // The next call goes to another process, while this one may still be at work.
        if (this.#server?.child === child) this.#server = undefined;
        child.stdin.end();
      },
      this.random.between(5, LIFE_MS),
    );
    child.once("exit", () => clearTimeout(timer));
  }
}

/** The last line of a killed process may be half a line. */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
