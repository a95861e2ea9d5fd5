/** A client of a server over stdio. Every line of stdout must be a message that the server may send; nothing else is. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { modernRequest, Queue } from "../../support/raw-http.js";
import { type Exchange, isWireObject, type WireObject, WireRecorder } from "../../support/wire-schema.js";

/** How the host made the server's stdout: Node passes a socket pair, a shell a pipe. */
export type Plumbing = "socket pair" | "pipe";

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

export class StdioClient {
  readonly child: ChildProcessWithoutNullStreams;
  readonly messages: Queue<WireObject> = new Queue();
  /** The exit code, once everything that was written has been read. */
  readonly exited: Promise<number | null>;
  stderr = "";
  /** Each era is judged by its own rules; both can be on one connection. */
  readonly #legacy: Exchange;
  readonly #modern: Exchange = new WireRecorder("2026-07-28").exchange({ label: "stdio, 2026-07-28" });
  readonly #asked: { readonly legacy: Set<unknown>; readonly modern: Set<unknown> } = {
    legacy: new Set(),
    modern: new Set(),
  };
  readonly #lookers: (() => void)[] = [];
  #rest: Buffer[] = [];

  constructor(plumbing: Plumbing, more: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...more };
    const server = fixture("stdio-server.mjs");
    const script = '("$0" "$1"; echo "exit $?" >&2) | cat';
    this.child =
      plumbing === "pipe"
        ? spawn("sh", ["-c", script, process.execPath, server], { env })
        : spawn(process.execPath, [server], { env });
    this.#legacy = new WireRecorder("2025-11-25").exchange({ label: `stdio over a ${plumbing}` });
    this.child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      for (const look of this.#lookers.splice(0)) look();
    });
    // A server that is gone is what some tests are about.
    this.child.stdin.on("error", () => undefined);
    this.exited = new Promise((resolve) => {
      this.child.once("close", (code) => {
        if (Buffer.concat(this.#rest).length > 0) this.messages.fail(new Error("stdout ends in the middle of a line"));
        this.messages.end();
        const shell = /^exit (\d+)$/m.exec(this.stderr)?.[1];
        resolve(shell === undefined ? code : Number(shell));
      });
    });
  }

  /** Waits until stderr says something. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stderr);
      if (match !== null) return match;
      await new Promise<void>((resolve) => this.#lookers.push(resolve));
    }
  }

  send(message: WireObject): void {
    this.note(message);
    this.write(`${JSON.stringify(message)}\n`);
  }

  /** Says that the message is sent by hand, so that its answer is one. */
  note(message: WireObject): void {
    const modern = JSON.stringify(message).includes("io.modelcontextprotocol/protocolVersion");
    (modern ? this.#modern : this.#legacy).sent(message);
    (modern ? this.#asked.modern : this.#asked.legacy).add(message.id);
  }

  write(bytes: string | Uint8Array): void {
    this.child.stdin.write(bytes);
  }

  async initialize(capabilities: WireObject = {}): Promise<WireObject> {
    const clientInfo = { name: "stdio-client", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
    this.send({ jsonrpc: "2.0", id: "initialize", method: "initialize", params });
    const reply = await this.answer("initialize");
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return reply;
  }

  /** Begins a call of the legacy era. */
  call(id: number | string, name: string, value?: unknown, meta?: WireObject): void {
    const params = { name, ...(value !== undefined && { arguments: { value } }), ...(meta && { _meta: meta }) };
    this.send({ jsonrpc: "2.0", id, method: "tools/call", params });
  }

  /** Begins a call of 2026-07-28. */
  modern(id: number | string, name: string, value?: unknown): void {
    const params = { name, ...(value !== undefined && { arguments: { value } }) };
    this.send(modernRequest("tools/call", params, { id }).message);
  }

  answer(id: number | string, timeoutMs = 15_000): Promise<WireObject> {
    return this.messages.expect((one) => one.id === id && !("method" in one), timeoutMs);
  }

  /** Only where both eras asked with one id the answer itself has to say which of them it belongs to. */
  #isModern(message: WireObject): boolean {
    const { legacy, modern } = this.#asked;
    if ("method" in message) return JSON.stringify(message).includes("io.modelcontextprotocol/subscriptionId");
    if (!modern.has(message.id)) return false;
    return !legacy.has(message.id) || (isWireObject(message.result) && "resultType" in message.result);
  }

  #take(chunk: Buffer): void {
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      this.#line(Buffer.concat([...this.#rest.splice(0), chunk.subarray(start, at)]).toString("utf8"));
      start = at + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
  }

  #line(line: string): void {
    try {
      const message = JSON.parse(line) as WireObject;
      (this.#isModern(message) ? this.#modern : this.#legacy).received(message);
      this.messages.push(message);
    } catch (cause) {
      this.messages.fail(new Error(`a line of stdout is no message: ${line.slice(0, 300)}`, { cause }));
    }
  }
}

/** True while the process runs; one that nobody has waited for yet does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}
