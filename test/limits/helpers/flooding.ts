/** Readers that do not read what a call says to them: what waits for them, and what they get after all. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { StalledReaders } from "../../faults/helpers/stalled.js";
import { until } from "../../faults/helpers/until.js";
import { type LegacySession, modernRequest, parseResponse, requestBytes } from "../../support/raw-http.js";
import type { Revision, WireObject } from "../../support/wire-schema.js";
import type { Limited } from "./limited.js";

/** Of one message; the kernel takes some megabytes of them for a reader on loopback before any has to wait. */
export const MESSAGE = 32 * 1_024;
/** Far more messages than the kernel and the bounds of these tests take. */
const MESSAGES = 3_000;

export interface Asking {
  /** Without one, the call is of 2026-07-28. */
  readonly session?: LegacySession;
  /** Default: both forms of an answer. */
  readonly accept?: string;
}

interface Sent {
  readonly message: WireObject;
  readonly revision: Revision;
}

/** One reader that does not read. */
export class Stalled {
  /** The most bytes that have waited for it. */
  most = 0;
  readonly socket: Socket;
  readonly #remote: Socket;
  readonly #sent: Sent;

  constructor(sockets: { readonly socket: Socket; readonly remote: Socket }, sent: Sent) {
    this.socket = sockets.socket;
    this.#remote = sockets.remote;
    this.#sent = sent;
  }

  /** Bytes that wait for it in the server's memory. */
  get waiting(): number {
    const now = this.gone ? 0 : this.#remote.writableLength;
    this.most = Math.max(this.most, now);
    return now;
  }

  /** The server has ended the connection. */
  get gone(): boolean {
    return this.#remote.destroyed;
  }

  /** Reads everything until the server ends the connection: the progress that was told, and the answer. */
  async read(): Promise<{ readonly steps: readonly unknown[]; readonly answer: WireObject | undefined }> {
    const chunks: Buffer[] = [];
    this.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    this.socket.resume();
    await once(this.socket, "close");
    const { message, revision } = this.#sent;
    const messages = parseResponse(Buffer.concat(chunks), { sent: message, revision })?.messages ?? [];
    const progress = messages.filter(({ method }) => method === "notifications/progress");
    const steps = progress.map(({ params }) => (params as { readonly progress: unknown }).progress);
    return { steps, answer: messages.find(({ method }) => method === undefined) };
  }
}

/** A call that speaks to a reader until it has said enough, and then stays until it is released. */
export class Flood {
  readonly #limited: Limited;
  readonly #readers: StalledReaders;
  readonly #speakers: ((speak: (step: number) => void) => Promise<void>)[] = [];

  constructor(limited: Limited) {
    this.#limited = limited;
    this.#readers = new StalledReaders(limited);
    const inputSchema = { type: "object", properties: { at: { type: "integer" } }, required: ["at"] } as const;
    limited.mcp.registerTool("flood", { annotations: { readOnlyHint: true }, inputSchema }, async ({ at }, ctx) => {
      await this.#speakers[Number(at)]?.((step) => ctx.progress(step, undefined, "x".repeat(MESSAGE)));
      return "flooded";
    });
  }

  /** Bytes that wait in the server's memory for all readers. */
  get waiting(): number {
    return this.#readers.waiting;
  }

  /** Speaks until so many bytes wait for the reader, or until it has lost its connection. */
  async begin(bytes: number, asking: Asking = {}): Promise<Stalled> {
    const at = this.#speakers.length;
    let stalled: Stalled | undefined;
    const spoken = new Promise<void>((resolve) => {
      this.#speakers.push(async (speak) => {
        for (let step = 1; step <= MESSAGES; step += 1) {
          speak(step);
          await turn();
          if (stalled !== undefined && (stalled.waiting >= bytes || stalled.gone)) break;
        }
        resolve();
        await this.#limited.released;
      });
    });
    stalled = await this.ask("tools/call", { name: "flood", arguments: { at }, _meta: { progressToken: 1 } }, asking);
    await spoken;
    return stalled;
  }

  /** Sends a request, and reads nothing of its answer. */
  async ask(method: string, params: WireObject, { session, accept }: Asking = {}): Promise<Stalled> {
    const modern = modernRequest(method, params);
    const message = session === undefined ? modern.message : session.message(method, params);
    const headers = { ...(session?.headers ?? modern.headers), ...(accept !== undefined && { accept }) };
    const remote = once(this.#limited.http, "connection");
    const socket = await this.#readers.send(requestBytes(this.#limited.url, "POST", message, headers));
    const revision = (session?.revision ?? "2026-07-28") as Revision;
    return new Stalled({ socket, remote: (await remote)[0] as Socket }, { message, revision });
  }

  /** Resolves when nothing waits for anybody. */
  async drained(): Promise<void> {
    await until("nothing waits for anybody", () => this.waiting === 0);
  }

  close(): void {
    this.#readers.close();
  }
}
