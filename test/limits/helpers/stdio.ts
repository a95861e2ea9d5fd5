/** A client of `fixtures/stdio.ts` that writes its lines byte by byte; every line that comes back is judged. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { start } from "../../stdio/run.js";
import { Queue } from "../../support/raw-http.js";
import { type Exchange, type WireObject, WireRecorder } from "../../support/wire-schema.js";

/** What a process may take to start on a busy machine. */
const STARTED_MS = 20_000;

export class LineClient {
  readonly child: ChildProcess;
  readonly messages: Queue<WireObject> = new Queue();
  /** The exit code, once everything that was written has been read. */
  readonly exited: Promise<unknown>;
  readonly #exchange: Exchange = new WireRecorder("2025-11-25").exchange({ label: "lines on stdio" });

  /** Bounds as the fixture takes them, e.g. `maxLineBytes=1000`. */
  constructor(...limits: readonly string[]) {
    this.child = start("../../limits/fixtures/stdio.ts", limits);
    this.exited = once(this.child, "close").then(([code]) => code);
    // A server that is gone is an outcome, not a failure of the client.
    this.child.stdin?.on("error", () => undefined);
    this.child.stderr?.resume();
    if (this.child.stdout === null) throw new Error("the child has no stdout");
    const lines = createInterface({ input: this.child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => this.#take(line));
    lines.on("close", () => this.messages.end());
  }

  /** Initializes, and so waits until the process has started. */
  async begin(): Promise<this> {
    const clientInfo = { name: "lines", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    this.send({ jsonrpc: "2.0", id: "initialize", method: "initialize", params });
    await this.answer("initialize");
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return this;
  }

  send(message: WireObject): void {
    this.sendText(message, JSON.stringify(message));
  }

  /** Sends a message as text of the test's own making. */
  sendText(message: WireObject, text: string): void {
    this.#exchange.sent(message);
    this.write(`${text}\n`);
  }

  /** Sends bytes that are no message, or a part of one. */
  write(bytes: string | Uint8Array): void {
    this.child.stdin?.write(bytes);
  }

  /** Ends the input, the way clients leave. */
  end(): void {
    this.child.stdin?.end();
  }

  answer(id: string | number): Promise<WireObject> {
    return this.messages.expect((one) => one.id === id, STARTED_MS);
  }

  /** The next message, whatever it is. */
  next(): Promise<WireObject> {
    return this.messages.expect(undefined, STARTED_MS);
  }

  #take(line: string): void {
    try {
      const message = JSON.parse(line) as WireObject;
      this.#exchange.received(message);
      this.messages.push(message);
    } catch (cause) {
      this.messages.fail(new Error(`a line of stdout is no message: ${line.slice(0, 300)}`, { cause }));
    }
  }
}
