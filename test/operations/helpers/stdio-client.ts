/** A client of `fixtures/stdio.ts`: both eras on one pipe, every line that comes back is judged by its own. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { start } from "../../stdio/run.js";
import { modernRequest, Queue } from "../../support/raw-http.js";
import { type WireObject, WireRecorder } from "../../support/wire-schema.js";
import { textOf } from "./outcomes.js";
import { nextId, paramsOf } from "./way.js";

/** What a process may take to start on a busy machine. */
const STARTED_MS = 20_000;

export type Era = "legacy" | "modern";

export class StdioClient {
  readonly messages: Queue<WireObject> = new Queue();
  readonly #child: ChildProcess = start("../../operations/fixtures/stdio.ts");
  readonly #exchanges = {
    legacy: new WireRecorder("2025-11-25").exchange({ label: "stdio, 2025-11-25" }),
    modern: new WireRecorder("2026-07-28").exchange({ label: "stdio, 2026-07-28" }),
  };
  readonly #eras = new Map<unknown, Era>();

  constructor() {
    const { stdout, stderr } = this.#child;
    if (stdout === null) throw new Error("the child has no stdout");
    createInterface({ input: stdout }).on("line", (line) => this.#take(line));
    stderr?.resume();
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: "stdio-client", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    this.send({ jsonrpc: "2.0", id: "initialize", method: "initialize", params });
    await this.answer("initialize");
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  send(message: WireObject, era: Era = "legacy"): void {
    this.#eras.set(message.id, era);
    this.#exchanges[era].sent(message);
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Begins a call; returns its id. */
  begin(era: Era, args: WireObject, { name = "write", key }: { name?: string; key?: string } = {}): string {
    const id = nextId();
    const params = paramsOf({ name, args }, key);
    const legacy = { jsonrpc: "2.0", id, method: "tools/call", params };
    this.send(era === "legacy" ? legacy : modernRequest("tools/call", params, { id }).message, era);
    return id;
  }

  call(era: Era, args: WireObject, options: { name?: string; key?: string } = {}): Promise<WireObject> {
    return this.answer(this.begin(era, args, options));
  }

  answer(id: string): Promise<WireObject> {
    return this.messages.expect((one) => one.id === id, STARTED_MS);
  }

  /** How often work of this name was begun. */
  async starts(of: string): Promise<number> {
    return Number(textOf(await this.call("legacy", { of }, { name: "starts" })));
  }

  async release(of: string): Promise<void> {
    await this.call("legacy", { of }, { name: "release" });
  }

  async end(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    await closed;
  }

  #take(line: string): void {
    try {
      const message = JSON.parse(line) as WireObject;
      this.#exchanges[this.#eras.get(message.id) ?? "legacy"].received(message);
      this.messages.push(message);
    } catch (cause) {
      this.messages.fail(new Error(`a line of stdout is no message: ${line.slice(0, 300)}`, { cause }));
    }
  }
}
