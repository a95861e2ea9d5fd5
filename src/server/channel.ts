/**
 * A duplex channel of messages: stdio, HTTP+SSE and the in-process client. One connection, one legacy session at most;
 * where `modern` is set, requests of 2026-07-28 are served beside it, each by its own envelope.
 *
 * Invariants:
 * 1. Every request gets exactly one answer, unless it was cancelled or the channel was closed.
 * 2. A message that cannot be read is answered and forgotten; the channel goes on.
 */
import type { Principal } from "../auth/principal.js";
import {
  decodeText,
  encodeError,
  encodeResponse,
  INVALID_REQUEST,
  messageKind,
  type NotificationMessage,
  PARSE_ERROR,
  type RequestMessage,
  type ResponseMessage,
  salvageId,
} from "../protocol/jsonrpc.js";
import { claimedVersion, decodeEnvelope, isEnvelopeError } from "../protocol/revisions/2026-07-28/envelope.js";
import { LATEST_LEGACY, MODERN, type Revision, revisionOf } from "../protocol/revisions/index.js";
import { randomId } from "../util/ids.js";
import type { App } from "./app.js";
import { BatchCollector, batchRefusal } from "./batch.js";
import type { Call } from "./call.js";
import { type Answer, ChannelExchange, type ChannelOptions, type ChannelShared } from "./channel-exchange.js";
import { dispatchNotification, dispatchRequest, dispatchResponse } from "./dispatch.js";
import { CallRegister, type Exchange, type ResumedOperation } from "./exchange.js";
import { initializeResult } from "./handlers/lifecycle.js";
import { newSession } from "./initialize.js";
import type { ClientFacts, Peer } from "./peer.js";
import type { LegacySession } from "./session.js";
import { unsupported } from "./unsupported.js";
import { openWatched } from "./watched-session.js";

/** Who sent a message, and by what: a channel may see its caller's permissions change. */
export interface Sender {
  readonly principal: Principal;
  /** Headers of the request that brought it, where there is one. */
  readonly header?: Exchange["header"];
}

export class Channel {
  readonly #app: App;
  readonly #options: ChannelOptions;
  readonly #modernCalls = new CallRegister();
  readonly #delayed = new Set<() => void>();
  /** Made when it is wanted: nothing else at the start of a server over stdio needs random bytes. */
  #named: string | undefined;
  readonly #id = (): string => {
    this.#named ??= randomId();
    return this.#named;
  };
  readonly #shared: ChannelShared;
  #session: LegacySession;
  /** When the session was opened, by the monotonic clock; undefined before. */
  #openedAt: number | undefined;

  constructor(app: App, options: ChannelOptions) {
    this.#app = app;
    this.#options = options;
    this.#shared = { options, single: this.#answer, delayed: this.#delayed };
    const { transport, principal, fallback } = options;
    const client = { info: undefined, capabilities: {} };
    this.#session = newSession(app, {
      id: this.#id,
      revision: fallback ?? LATEST_LEGACY,
      transport,
      principal,
      client,
    });
  }

  get session(): LegacySession {
    return this.#session;
  }

  /** Calls in flight on this channel. */
  get calls(): readonly Call[] {
    return [...this.#session.calls.all(), ...this.#modernCalls.all()];
  }

  /** One message as text. */
  receiveText(text: string): void {
    const { maxJsonDepth: maxDepth, maxJsonKeys: maxKeys } = this.#app.limits;
    const decoded = decodeText(text, { maxDepth, maxKeys });
    if (decoded.ok) this.receive(decoded.value);
    else this.#options.send(encodeError(undefined, decoded.error));
  }

  /** Answers something that is no message at all. */
  refuse(): void {
    this.#options.send(encodeError(undefined, PARSE_ERROR));
  }

  /** One parsed message, or a batch where the session's revision has them. */
  receive(value: unknown, from: Sender = this.#options): void {
    if (Array.isArray(value)) this.#receiveBatch(value, from);
    else this.#receiveOne(value, from);
  }

  /** Sends every answer that is ready now. */
  flush(): void {
    for (const send of this.#delayed) send();
  }

  /** The connection is gone: calls of the modern era end with it, whoever waits for an answer is told. */
  close(): void {
    this.#ended();
    this.#app.hub.delete(this.#session);
    this.#session.close();
    for (const call of this.#modernCalls.all()) call.cancel("disconnect");
  }

  #receiveBatch(messages: readonly unknown[], from: Sender): void {
    const { send } = this.#options;
    const refused = batchRefusal(this.#app, this.#session.revision, messages.length);
    if (refused !== undefined) return send(encodeError(undefined, refused));
    const collector = new BatchCollector((answers) => {
      if (answers.length > 0) send(`[${answers.join(",")}]`);
    });
    for (const message of messages) {
      const kind = messageKind(message);
      // `initialize` opens the session the batch belongs to, so it cannot be part of one (2025-03-26, lifecycle).
      const bad = kind === "invalid" || (kind === "request" && (message as RequestMessage).method === "initialize");
      if (bad) collector.slot()(encodeError(salvageId(message), INVALID_REQUEST));
      else if (kind === "request") this.#request(message as RequestMessage, collector.slot(), from);
      else this.#receiveOne(message, from);
    }
    collector.close();
  }

  #receiveOne(value: unknown, from: Sender): void {
    const kind = messageKind(value);
    if (kind === "request") this.#request(value as RequestMessage, this.#answer, from);
    else if (kind === "notification") this.#notification(value as NotificationMessage);
    else if (kind === "response") dispatchResponse(this.#session, value as ResponseMessage);
    else this.#options.send(encodeError(salvageId(value), INVALID_REQUEST));
  }

  /** An empty text is the answer to a cancelled request: none. */
  readonly #answer: Answer = (text, onArrival, id) => {
    if (text !== "") this.#options.send(text, onArrival, id);
    else if (id !== undefined) this.#options.onPending?.(id, undefined);
  };

  #notification(message: NotificationMessage): void {
    dispatchNotification(this.#session.calls, message);
    dispatchNotification(this.#modernCalls, message);
  }

  #request(message: RequestMessage, answer: Answer, from: Sender): void {
    if (this.#options.modern && isModern(message)) return this.#modern(message, answer, from);
    if (message.method === "initialize") return this.#initialize(message, answer, from);
    this.#dispatch(message, answer, from, undefined);
  }

  /** A request that a crash cut off, from the session that was restored. */
  resume(message: RequestMessage, resumes: ResumedOperation | undefined, principal: Principal): void {
    this.#dispatch(message, this.#answer, { principal }, resumes);
  }

  #dispatch(message: RequestMessage, answer: Answer, from: Sender, resumes: ResumedOperation | undefined): void {
    const peer = this.#session.peer(from.principal);
    const exchange = new ChannelExchange(this.#shared, {
      peer,
      calls: this.#session.calls,
      answer,
      id: message.id,
      header: from.header,
      resumes,
    });
    const call = dispatchRequest(this.#app, exchange, message);
    if (!call.settled && answer === this.#answer) this.#options.onPending?.(message.id, call);
  }

  /** Goes on with the session of a process that died. */
  restore(revision: Revision, client: ClientFacts): void {
    const { transport, principal } = this.#options;
    this.#open(newSession(this.#app, { id: this.#id, revision, transport, principal, client }));
  }

  #open(session: LegacySession): void {
    this.#ended();
    this.#app.hub.delete(this.#session);
    // Whoever asked the client something in the session before hears that it is over.
    this.#session.close();
    this.#session = session;
    this.#openedAt = performance.now();
    session.push = (message) => this.#options.send(message);
    this.#app.hub.add(session);
  }

  /** Tells those who watch that the session is over, once. */
  #ended(): void {
    const openedAt = this.#openedAt;
    this.#openedAt = undefined;
    if (openedAt === undefined) return;
    const { revision, transport } = this.#session;
    const durationMs = performance.now() - openedAt;
    this.#app.instruments?.session({ event: "ended", revision: revision.version, transport, durationMs });
  }

  #initialize(message: RequestMessage, answer: Answer, { principal, header }: Sender): void {
    const { transport } = this.#options;
    const session = openWatched(this.#app, message, { id: this.#id, transport, principal, header });
    if ("code" in session) return answer(encodeError(message.id, session));
    this.#open(session);
    answer(encodeResponse(message.id, initializeResult(this.#app, session.revision)));
  }

  #modern(message: RequestMessage, answer: Answer, from: Sender): void {
    const envelope = decodeEnvelope(message.params);
    if (isEnvelopeError(envelope)) return answer(encodeError(message.id, envelope));
    const revision = revisionOf(envelope.protocolVersion);
    if (revision?.era !== "modern") return answer(encodeError(message.id, unsupported(envelope.protocolVersion)));
    const { transport } = this.#options;
    const client = { info: envelope.clientInfo, capabilities: envelope.capabilities };
    const peer: Peer = { revision: MODERN, transport, principal: from.principal, client, session: undefined };
    const exchange = new ChannelExchange(this.#shared, {
      peer,
      calls: this.#modernCalls,
      answer,
      id: message.id,
      header: from.header,
      resumes: undefined,
    });
    dispatchRequest(this.#app, exchange, message);
  }
}

/** Requests of the modern era say so in `_meta`; `server/discover` exists nowhere else. */
function isModern(message: RequestMessage): boolean {
  return claimedVersion(message.params) !== undefined || message.method === "server/discover";
}
