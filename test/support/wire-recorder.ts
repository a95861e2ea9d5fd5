/**
 * Sees the messages of both directions, remembers which request an id stands for, and throws on the first message that
 * the server had no right to send.
 *
 * Invariants:
 * 1. Ids belong to an exchange (one POST, or one stdio or HTTP+SSE connection), never to the recorder: real clients
 *    reuse them.
 * 2. A request is answered at most once per exchange; only a `resumed` exchange may bring an answer again.
 * 3. The revision of an exchange is the one that the result of `initialize` names, or a request's own `_meta`.
 */
import { isRevision, isWireObject, type Revision } from "./wire-definitions.js";
import { assertValidServerMessage } from "./wire-rules.js";

export interface WireEntry {
  readonly direction: "sent" | "received";
  readonly exchange: string;
  readonly message: unknown;
}

export interface ExchangeOptions {
  /** Shown in errors. */
  readonly label?: string;
  readonly revision?: Revision;
  /** A GET stream, or a resumed one: it may answer what other exchanges of this recorder asked. */
  readonly resumed?: boolean;
}

/** A request without an answer yet, or one that a resumed stream may answer again. */
interface Asked {
  readonly id: unknown;
  readonly method: string;
  answered: boolean;
}

export class WireRecorder {
  readonly log: WireEntry[] = [];
  readonly asked: Asked[] = [];
  /** Judgements so far: for clients that swallow what is thrown at them. */
  readonly failures: Error[] = [];
  revision: Revision;

  constructor(revision: Revision = "2025-03-26") {
    this.revision = revision;
  }

  /** Opens the record of one POST or of one whole connection. */
  exchange(options: ExchangeOptions = {}): Exchange {
    return new Exchange(this, options);
  }

  /** Throws the first judgement, if there was any. */
  assertClean(): void {
    const [first] = this.failures;
    if (first !== undefined) throw first;
  }

  /** Everything the server sent, in order of arrival. */
  received(): unknown[] {
    return this.log.filter(({ direction }) => direction === "received").map(({ message }) => message);
  }
}

export class Exchange {
  readonly #recorder: WireRecorder;
  readonly #label: string;
  readonly #resumed: boolean;
  readonly #asked: Asked[] = [];
  #revision: Revision | undefined;

  constructor(recorder: WireRecorder, { label = "exchange", revision, resumed = false }: ExchangeOptions) {
    this.#recorder = recorder;
    this.#label = label;
    this.#revision = revision;
    this.#resumed = resumed;
  }

  get revision(): Revision {
    return this.#revision ?? this.#recorder.revision;
  }

  /** Notes what the client sent; never judges it. */
  sent(message: unknown): void {
    this.#recorder.log.push({ direction: "sent", exchange: this.#label, message });
    for (const part of Array.isArray(message) ? message : [message]) {
      if (!isWireObject(part) || typeof part.method !== "string" || part.id === undefined) continue;
      this.#adoptEnvelope(part);
      const asked: Asked = { id: part.id, method: part.method, answered: false };
      this.#asked.push(asked);
      this.#recorder.asked.push(asked);
    }
  }

  /** Judges what the server sent; throws when it is not allowed. */
  received(message: unknown): void {
    this.#recorder.log.push({ direction: "received", exchange: this.#label, message });
    try {
      this.#judge(message);
    } catch (error) {
      this.#recorder.failures.push(error as Error);
      throw error;
    }
  }

  #judge(message: unknown): void {
    const parts = (Array.isArray(message) ? message : [message]).filter(isWireObject);
    const methods = new Map(parts.map((part) => [part, this.#settle(part)]));
    for (const part of parts) this.#adoptRevision(part, methods.get(part));
    const method = isWireObject(message) ? methods.get(message) : undefined;
    const methodOf = (id: unknown) => methods.get(parts.find((part) => part.id === id) ?? {});
    assertValidServerMessage(message, this.revision, method === undefined ? { methodOf } : { method });
  }

  /** The method that a response answers; throws when nobody asked. */
  #settle(part: Record<string, unknown>): string | undefined {
    if ("method" in part || !("result" in part || "error" in part)) return undefined;
    if (!("id" in part)) return undefined;
    const own = this.#asked.find((asked) => asked.id === part.id && !asked.answered);
    const shared = this.#resumed ? this.#recorder.asked.findLast((asked) => asked.id === part.id) : undefined;
    const found = own ?? shared;
    // An unreadable request (a test of nonsense) has no method, so its id was not noted; errors may echo it.
    if (found === undefined && "error" in part) return undefined;
    if (found === undefined) {
      const twice = this.#asked.some((asked) => asked.id === part.id);
      const why = twice ? "answered twice" : "never asked on this exchange";
      throw new Error(
        `${this.#label}: request ${JSON.stringify(part.id)} was ${why}\n${JSON.stringify(part, null, 2)}`,
      );
    }
    found.answered = true;
    return found.method;
  }

  #adoptEnvelope({ params }: Record<string, unknown>): void {
    const meta = isWireObject(params) && isWireObject(params._meta) ? params._meta : {};
    const version = meta["io.modelcontextprotocol/protocolVersion"];
    if (isRevision(version)) this.#adopt(version);
  }

  #adopt(revision: Revision): void {
    this.#revision = revision;
    this.#recorder.revision = revision;
  }

  #adoptRevision(part: Record<string, unknown>, method: string | undefined): void {
    if (method !== "initialize" || !isWireObject(part.result)) return;
    const { protocolVersion } = part.result;
    if (isRevision(protocolVersion)) this.#adopt(protocolVersion);
  }
}
