/**
 * One POSTed request and its answer, in the form the answer decides (design decision 9): one JSON object when the call
 * ends quickly and says nothing on the way; an event stream from the first notification on, or once the call is slow.
 */

import { countedKey } from "../../auth/principal.js";
import { ErrorCode } from "../../errors.js";
import { encodeEvent } from "../../protocol/sse.js";
import type { App } from "../../server/app.js";
import type { Call } from "../../server/call.js";
import type { CallRegister, Exchange, RefusalHints } from "../../server/exchange.js";
import type { Peer } from "../../server/peer.js";
import type { EventStream } from "../../streams/event-stream.js";
import type { StreamRegistry } from "../../streams/registry.js";
import type { Ticking } from "../../util/ticker.js";
import type { Accepted } from "./negotiation.js";
import type { Protection } from "./protection.js";
import { BUSY_HEADERS, followDelivery, JSON_HEADERS, SSE_HEADERS } from "./respond.js";
import { CALL_NOTE, noteCall } from "./restored.js";
import { endWith, SseSink } from "./sse-sink.js";
import { StallWatch } from "./stall-watch.js";
import type { HttpExchange } from "./types.js";

/** Statuses that 2026-07-28 ties to error codes; every other error travels with 200. */
const MODERN_STATUS: ReadonlyMap<number, number> = new Map([
  [ErrorCode.MethodNotFound, 404],
  [ErrorCode.HeaderMismatch, 400],
  [ErrorCode.MissingRequiredClientCapability, 400],
  [ErrorCode.UnsupportedProtocolVersion, 400],
]);

/** What the kernel takes at once for any reader; longer answers may wait. */
const LARGE_ANSWER = 65_536;

export interface PostOptions {
  readonly app: App;
  readonly protection: Protection;
  readonly http: HttpExchange;
  readonly peer: Peer;
  readonly calls: CallRegister | undefined;
  readonly accepted: Accepted;
  /** Makes the answer's stream resumable; undefined where the revision or the client has no replay. */
  readonly resumable: { readonly streams: StreamRegistry; readonly owner: string } | undefined;
}

export class PostExchange implements Exchange, Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly peer: Peer;
  readonly calls: CallRegister | undefined;
  readonly #options: PostOptions;
  readonly #startedAt: number;
  #sink: SseSink | undefined;
  #stream: EventStream | undefined;
  #done = false;
  #call: Call | undefined;
  #onDelivery: ((arrived: boolean) => void) | undefined;

  constructor(options: PostOptions) {
    this.peer = options.peer;
    this.calls = options.calls;
    this.#options = options;
    this.#startedAt = Date.now();
  }

  get mute(): boolean {
    return !this.#options.accepted.sse;
  }

  get durable(): boolean {
    const { resumable, app } = this.#options;
    return resumable !== undefined && app.store.streams.open !== undefined;
  }

  get done(): boolean {
    return this.#done;
  }

  header(name: string): string | undefined {
    return this.#options.http.header(name);
  }

  /** The call did not end at once: watch it, so that a slow one becomes a stream. */
  watch(call?: Call): void {
    if (this.#done) return;
    this.#call = call;
    if (this.#stream?.durable === true) noteCall(this.#stream, call);
    this.#options.http.onGone(() => this.#gone());
    if (this.#sink === undefined && this.#options.accepted.sse) this.#options.app.ticker.add(this);
  }

  /**
   * The call that closing the connection cancels (2026-07-28). A field and not a callback: a closure made per request
   * outlived young garbage collections and made each of them ten times as dear.
   */
  cancels: Call | undefined;

  onDelivery(listener: (arrived: boolean) => void): void {
    if (this.#done) listener(false);
    else this.#onDelivery = listener;
  }

  notify(message: string): void {
    if (this.#done || !this.#options.accepted.sse) return;
    this.#open();
    if (this.#stream !== undefined) this.#stream.append(message);
    else this.#write(encodeEvent(message));
  }

  /** Nothing has been sent yet: the status can still say what is wrong. */
  get challenges(): boolean {
    return !this.#done && this.#sink === undefined;
  }

  reply(message: string, code: number, hints: RefusalHints = {}): void {
    if (this.#done) return;
    if (code === ErrorCode.Forbidden && this.challenges) return this.#forbid(message, hints.permissions);
    if (code === ErrorCode.RateLimited && this.challenges) return this.#limit(message, hints.retryAfterMs);
    if (this.#sink === undefined && this.#stream === undefined && this.#options.accepted.json) {
      this.#finish();
      const { app, http } = this.#options;
      if (this.#onDelivery !== undefined) followDelivery(http, this.#onDelivery);
      if (code === ErrorCode.Unavailable) return http.end(503, BUSY_HEADERS, message);
      const status = code === 0 || this.peer.revision.era === "legacy" ? 200 : (MODERN_STATUS.get(code) ?? 200);
      http.end(status, JSON_HEADERS, message);
      // Small answers are out at once; a large one must not stay in memory for a peer that is gone.
      if (message.length > LARGE_ANSWER && http.waiting > 0) new StallWatch(http, app);
      return;
    }
    this.#open();
    this.#finish();
    if (this.#stream !== undefined) {
      this.#stream.append(message, this.#onDelivery, CALL_NOTE);
      this.#stream.finish();
    } else {
      this.#sink?.write(encodeEvent(message));
      if (this.#onDelivery !== undefined) this.#sink?.whenDelivered(this.#onDelivery);
      this.#sink?.end();
    }
  }

  /** 403 with all that the call needs in one challenge (2026-07-28, authorization, "Scope Challenge Handling"). */
  #forbid(message: string, permissions: readonly string[] = []): void {
    this.#finish();
    const { http, protection } = this.#options;
    const needs = permissions.length === 0 ? "The credentials do not permit it" : `It needs ${permissions.join(", ")}`;
    const description = `The call was refused. ${needs}.`;
    const challenge = protection.challenge(http, { error: "insufficient_scope", description, permissions });
    http.end(403, { ...JSON_HEADERS, "www-authenticate": challenge }, message);
  }

  /** 429, and when to come back (RFC 6585, section 4; RFC 9110, section 10.2.3: whole seconds). */
  #limit(message: string, retryAfterMs: number | undefined): void {
    this.#finish();
    const again = retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
    this.#options.http.end(429, { ...JSON_HEADERS, ...again }, message);
  }

  abandon(last: string): void {
    if (this.#done) return;
    this.#finish();
    if (this.#stream !== undefined) {
      // Without a last message the client would come back for it again and again.
      if (last !== "") this.#stream.append(last, undefined, CALL_NOTE);
      this.#stream.finish();
    } else if (this.#sink !== undefined) this.#sink.end();
    // An empty event stream: what the specification has for a request that was cancelled before it said anything.
    else this.#options.http.end(200, SSE_HEADERS, "");
  }

  closeStream(): void {
    if (this.#done || !this.peer.revision.priming || this.#options.resumable === undefined) return;
    this.#open();
    this.#stream?.close();
  }

  tick(nowMs: number): void {
    if (nowMs - this.#startedAt < this.#options.app.limits.slowCallMs) return;
    this.#options.app.ticker.delete(this);
    this.#open();
  }

  #write(text: string): void {
    const queued = this.#sink?.write(text) ?? 0;
    // A reader that lets this much pile up is not reading; without replay the request ends with its connection.
    if (!Number.isFinite(queued) || queued - text.length > this.#options.app.limits.maxQueuedBytes) {
      this.#sink?.abort();
      this.#gone();
    }
  }

  /** Turns the reply into an event stream, once. */
  #open(): void {
    if (this.#sink !== undefined) return;
    const { app, http, resumable, peer } = this.#options;
    app.ticker.delete(this);
    // A call that has begun is finished whatever happens to its credentials; one that only listens ends with them.
    const expiry = endWith(peer.principal, () => this.#listening?.shutdown());
    const sink = new SseSink(http.stream(200, SSE_HEADERS), app, expiry);
    this.#sink = sink;
    http.onGone(() => this.#gone());
    // At the bound of streams the reply goes on without replay: the call itself has begun and is not lost for that.
    this.#stream = resumable?.streams.create(resumable.owner, countedKey(peer.principal));
    this.#stream?.open(sink, peer.revision.priming);
    if (this.#stream?.durable === true) noteCall(this.#stream, this.#call);
  }

  get #listening(): Call | undefined {
    const call = this.cancels ?? this.#call;
    return call?.lasting === true ? call : undefined;
  }

  #finish(): void {
    this.#done = true;
    this.#options.app.ticker.delete(this);
  }

  #gone(): void {
    this.#options.app.ticker.delete(this);
    if (this.#sink !== undefined) {
      this.#sink.gone();
      this.#stream?.detach(this.#sink);
    }
    if (!this.#done) this.cancels?.cancel("disconnect");
  }
}
