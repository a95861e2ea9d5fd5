/**
 * HTTP+SSE of 2024-11-05 on the same port: `GET /sse` opens the stream, its first event names the URL to post to, every
 * answer comes on the stream. Unlike the revision, streams resume: each event has an id, and an `EventSource` that
 * reconnects with `Last-Event-ID` gets the same session, the same URL and everything it missed.
 */
import { countedKey, type Principal, principalKey } from "../../auth/principal.js";
import { ErrorCode } from "../../errors.js";
import { HEADER } from "../../protocol/headers.js";
import { INVALID_REQUEST, messageKind, type RequestMessage, salvageId } from "../../protocol/jsonrpc.js";
import { OLDEST } from "../../protocol/revisions/index.js";
import { encodeEvent, encodeRetry } from "../../protocol/sse.js";
import type { RequestId } from "../../protocol/types.js";
import type { App } from "../../server/app.js";
import { Channel } from "../../server/channel.js";
import type { EventStream } from "../../streams/event-stream.js";
import type { StreamCursor, StreamRegistry } from "../../streams/registry.js";
import { Tally } from "../../util/budget.js";
import type { Ticking } from "../../util/ticker.js";
import { whenLookedUp } from "./look-up.js";
import { refuseBusy, refuseDraining, refuseMessage, SSE_HEADERS } from "./respond.js";
import { CALL_NOTE, decodeCall, decodeSession, encodeCall, encodeSession, SESSION_NOTE } from "./restored.js";
import { endWith, SseSink } from "./sse-sink.js";
import type { HttpExchange } from "./types.js";

/** Whose an HTTP+SSE stream is: no session of another transport can have this owner. */
function ownerOf(principal: Principal): string {
  return `sse\n${principalKey(principal)}`;
}

interface SseSession {
  readonly owner: string;
  readonly channel: Channel;
  readonly stream: EventStream;
}

/** Where clients post messages to. */
export interface MessageEndpoint {
  readonly path: string;
  /** The path of `publicUrl`, when there is one. */
  readonly publicPrefix: string | undefined;
}

export class SseTransport implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #app: App;
  readonly #streams: StreamRegistry;
  readonly #messages: MessageEndpoint;
  readonly #sessions = new Map<string, SseSession>();
  readonly #perPrincipal = new Tally();

  constructor(app: App, streams: StreamRegistry, messages: MessageEndpoint) {
    this.#app = app;
    this.#streams = streams;
    this.#messages = messages;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** `GET /sse`. */
  open(http: HttpExchange, principal: Principal): void {
    if (this.#app.draining) return refuseDraining(http);
    const owner = ownerOf(principal);
    const lastEventId = http.header(HEADER.lastEventId);
    if (lastEventId === undefined) return this.#open(http, principal, undefined);
    whenLookedUp(this.#app, http, this.#streams.find(lastEventId, owner, countedKey(principal)), (cursor) => {
      this.#open(http, principal, cursor);
    });
  }

  /** A session that its client comes back to, or a new one. */
  #open(http: HttpExchange, principal: Principal, cursor: StreamCursor | undefined): void {
    const owner = ownerOf(principal);
    const restored = cursor?.notes === undefined ? undefined : this.#restore(cursor, principal);
    const session = cursor === undefined ? undefined : (restored ?? this.#find(cursor.stream.id, owner));
    if (session === undefined && this.#isFull(principal)) {
      return refuseBusy(http, "Too many open sessions");
    }
    const opened = session ?? this.#create(owner, principal);
    if (opened === undefined) return refuseBusy(http, "Too many open sessions");
    const { stream } = opened;
    const expiry = endWith(principal, () => stream.close());
    const sink = new SseSink(http.stream(200, SSE_HEADERS), this.#app, expiry);
    http.onGone(() => {
      sink.gone();
      stream.detach(sink);
    });
    // The endpoint event comes first on every connection, with the id the client already has: it moves no cursor.
    const at = cursor === undefined || session === undefined ? `${stream.id}_0` : `${stream.id}_${cursor.seq}`;
    // What the operator published counts; else what the framework in front took from the path.
    const prefix = this.#messages.publicPrefix || (http.prefix ?? "");
    const endpoint = `${prefix}${this.#messages.path}?sessionId=${stream.id}`;
    const first = `${encodeRetry(this.#app.limits.retryMs)}${encodeEvent(endpoint, at, "endpoint")}`;
    if (session === undefined || cursor === undefined) {
      stream.open(sink, false);
      return stream.whenReady(() => sink.write(first));
    }
    sink.write(first);
    stream.resume(sink, cursor.seq);
    if (cursor.notes !== undefined) resumeCalls(session, cursor.notes, principal);
  }

  /** `POST /messages?sessionId=…` with its parsed body; the answer comes on the stream. */
  post(http: HttpExchange, body: unknown, principal: Principal): void {
    const id = new URLSearchParams(http.query).get("sessionId") ?? "";
    const owner = ownerOf(principal);
    const session = this.#find(id, owner);
    if (session !== undefined) return this.#receive(http, body, { session, principal });
    // After a crash a client may post before its stream has come back.
    whenLookedUp(this.#app, http, this.#streams.find(`${id}_0`, owner, countedKey(principal)), (cursor) => {
      const restored = cursor?.notes === undefined ? this.#find(id, owner) : this.#restore(cursor, principal);
      if (restored === undefined) {
        const message = "Session not found: open a new stream with GET on the SSE endpoint.";
        return refuseMessage(http, 404, { code: ErrorCode.InvalidRequest, message });
      }
      if (cursor?.notes !== undefined) resumeCalls(restored, cursor.notes, principal);
      this.#receive(http, body, { session: restored, principal });
    });
  }

  #receive(
    http: HttpExchange,
    body: unknown,
    { session, principal }: { readonly session: SseSession; readonly principal: Principal },
  ): void {
    const single = !Array.isArray(body);
    const kind = single ? messageKind(body) : "request";
    if (kind === "invalid") return refuseMessage(http, 400, INVALID_REQUEST, salvageId(body));
    if (this.#app.draining && kind === "request") return refuseDraining(http);
    http.end(202, { "content-type": "text/plain" }, "Accepted");
    session.channel.receive(body, { principal, header: (name) => http.header(name) });
    if (session.stream.durable && isInitialize(body)) {
      session.stream.note(SESSION_NOTE, encodeSession(session.channel.session));
    }
  }

  /** Sends every answer that still keeps its distance to a notification: the streams are about to end. */
  flush(): void {
    for (const { channel } of this.#sessions.values()) channel.flush();
  }

  tick(): void {
    for (const [id, session] of this.#sessions) {
      if (!session.stream.dropped) continue;
      session.channel.close();
      this.#sessions.delete(id);
      if (session.stream.counted !== undefined) this.#perPrincipal.delete(session.stream.counted);
    }
    if (this.#sessions.size === 0) this.#app.ticker.delete(this);
  }

  #isFull(principal: Principal): boolean {
    const { maxSessions, maxSessionsPerPrincipal } = this.#app.limits;
    const counted = countedKey(principal);
    if (this.#sessions.size >= maxSessions) return this.#full("maxSessions");
    if (counted === undefined || this.#perPrincipal.of(counted) < maxSessionsPerPrincipal) return false;
    return this.#full("maxSessionsPerPrincipal");
  }

  #full(limit: "maxSessions" | "maxSessionsPerPrincipal" | "maxStreams"): true {
    this.#app.instruments?.limit(limit);
    return true;
  }

  /** The session of a stream that can still be written to, for its owner only. */
  #find(id: string, owner: string): SseSession | undefined {
    const session = this.#sessions.get(id);
    return session === undefined || session.owner !== owner || session.stream.dropped ? undefined : session;
  }

  #create(owner: string, principal: Principal): SseSession | undefined {
    const stream = this.#streams.create(owner, countedKey(principal));
    if (stream !== undefined) return this.#add(stream, owner, principal);
    this.#full("maxStreams");
    return undefined;
  }

  #add(stream: EventStream, owner: string, principal: Principal): SseSession {
    const channel = new Channel(this.#app, {
      transport: "sse",
      principal,
      send: (message, onArrival, id) => stream.append(message, onArrival, id === undefined ? undefined : noteOf(id)),
      live: () => stream.attached,
      lossy: true,
      modern: false,
      fallback: OLDEST,
      ...(stream.durable && {
        onPending: (id, call) => stream.note(noteOf(id), call === undefined ? undefined : encodeCall(call)),
      }),
    });
    const session: SseSession = { owner, channel, stream };
    this.#sessions.set(stream.id, session);
    if (stream.counted !== undefined) this.#perPrincipal.add(stream.counted);
    this.#app.ticker.add(this);
    return session;
  }

  /** The session of a stream that was taken over from a process that died; undefined when it was never opened. */
  #restore({ stream, notes }: StreamCursor, principal: Principal): SseSession | undefined {
    const facts = decodeSession(notes?.get(SESSION_NOTE));
    const session = this.#add(stream, stream.owner, principal);
    if (facts !== undefined) session.channel.restore(facts.revision, facts.client);
    return session;
  }
}

/** Key of the note that holds a request; ids 1 and "1" differ. */
function noteOf(id: RequestId): string {
  return `${CALL_NOTE} ${JSON.stringify(id)}`;
}

function isInitialize(body: unknown): boolean {
  return messageKind(body) === "request" && (body as RequestMessage).method === "initialize";
}

/** Handles again what was being handled when the process before this one died. */
function resumeCalls({ channel }: SseSession, notes: ReadonlyMap<string, string>, principal: Principal): void {
  for (const [key, text] of notes) {
    const noted = key.startsWith(`${CALL_NOTE} `) ? decodeCall(text) : undefined;
    if (noted !== undefined) channel.resume(noted.message, noted.resumes, principal);
  }
}
