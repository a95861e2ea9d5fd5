/**
 * Sessions of Streamable HTTP, 2025-03-26 to 2025-11-25. The id is a sealed token, so this map holds only sessions that
 * have something to hold: a standing stream, a subscription, a log level, a call in flight.
 */
import { countedKey, type Principal, principalKey } from "../../auth/principal.js";
import type { App } from "../../server/app.js";
import { newSession } from "../../server/initialize.js";
import type { LegacySession } from "../../server/session.js";
import { type Opened, SessionRegistry } from "../../sessions/registry.js";
import type { SessionFacts } from "../../sessions/token.js";
import type { EventStream } from "../../streams/event-stream.js";
import type { StreamRegistry } from "../../streams/registry.js";
import { Tally } from "../../util/budget.js";
import { randomId } from "../../util/ids.js";
import type { Ticking } from "../../util/ticker.js";
import { listenForAnswer } from "./answers.js";

/** A session that holds something. */
export interface LiveSession {
  readonly sid: string;
  /** Whom the session counts for; undefined for callers that share one identity. */
  readonly counted: string | undefined;
  readonly session: LegacySession;
  /** Standing GET streams, newest last; the newest gets what belongs to no request. */
  readonly standing: EventStream[];
  lastUsedMs: number;
  /** It was closed: whoever comes with its id begins with nothing. */
  forgotten: boolean;
}

/** The newest standing stream that somebody reads; if nobody does, the newest, whose reader may come back for it. */
function speaker({ standing }: LiveSession): EventStream | undefined {
  return standing.findLast((stream) => stream.attached) ?? standing.at(-1);
}

export class HttpSessions implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #app: App;
  readonly #streams: StreamRegistry;
  readonly #registry: SessionRegistry<LiveSession>;
  readonly #route: string;
  readonly #live = new Map<string, LiveSession>();
  readonly #perPrincipal = new Tally();

  constructor(app: App, streams: StreamRegistry, route: string) {
    this.#app = app;
    this.#streams = streams;
    this.#route = route;
    this.#registry = new SessionRegistry(app.sealer("session"), app.limits.sessionMaxAgeMs);
  }

  get size(): number {
    return this.#live.size;
  }

  /** The id for a session that `initialize` opened. */
  mint(session: LegacySession): string {
    const { revision, client, principal } = session;
    const facts: SessionFacts = {
      sid: randomId(),
      revision,
      clientInfo: client.info,
      capabilities: client.capabilities,
      issuedAt: Date.now(),
    };
    return this.#registry.mint(facts, this.#bound(principal));
  }

  /** What a session id says, or undefined when it is dead for this caller. */
  open(token: string, principal: Principal): Opened<LiveSession> | undefined {
    return this.#registry.open(token, this.#bound(principal));
  }

  /** The session's state, made anew when it holds none. Call `release` when the request is over. */
  acquire(opened: Opened<LiveSession>, principal: Principal): LiveSession {
    let { live } = opened;
    // What the token's cache remembers may have been forgotten here.
    if (live === undefined || live.forgotten) live = this.#live.get(opened.facts.sid) ?? this.#make(opened, principal);
    opened.live = live;
    live.lastUsedMs = Date.now();
    return live;
  }

  /** Keeps the session if it holds something, forgets it if not. */
  release(live: LiveSession): void {
    if (live.session.holdsState) this.#keep(live);
    else this.#forget(live);
  }

  /** Makes room for one more standing stream; false when as many as allowed are being read. */
  mayStand(live: LiveSession): boolean {
    const { standing } = live;
    if (standing.length < this.#app.limits.maxStreamsPerSession) return true;
    const left = standing.find((stream) => !stream.attached);
    if (left === undefined) return false;
    standing.splice(standing.indexOf(left), 1);
    this.#streams.delete(left);
    return true;
  }

  /** Adds a standing stream; from now on it gets what belongs to no request. */
  stand(live: LiveSession, stream: EventStream): void {
    live.standing.push(stream);
    live.session.push = (message) => speaker(live)?.append(message);
    this.#app.hub.add(live.session);
    this.#keep(live);
  }

  /** Ends a session: its id is dead, its calls are cancelled, its streams end. */
  end(token: string, facts: SessionFacts): void {
    this.#registry.revoke(token, facts);
    const live = this.#live.get(facts.sid);
    if (live !== undefined) {
      for (const call of live.session.calls.all()) call.cancel("client");
      this.#forget(live);
    }
    this.#streams.deleteOwned(facts.sid);
  }

  tick(nowMs: number): void {
    for (const live of this.#live.values()) {
      const standing = live.standing.filter((stream) => !stream.dropped);
      if (standing.length < live.standing.length) this.#unstand(live, standing);
      if (live.standing.length > 0 || live.session.calls.size > 0) continue;
      if (nowMs - live.lastUsedMs > this.#app.limits.sessionIdleMs) this.#forget(live);
      else this.release(live);
    }
  }

  #make({ facts, bound }: Opened<LiveSession>, principal: Principal): LiveSession {
    const client = { info: facts.clientInfo, capabilities: facts.capabilities };
    const session = newSession(this.#app, {
      id: facts.sid,
      revision: facts.revision,
      transport: "http",
      principal,
      client,
      listenElsewhere: (id, answered) => listenForAnswer(this.#app, { bound, sid: facts.sid, id }, answered),
    });
    return { sid: facts.sid, counted: countedKey(principal), session, standing: [], lastUsedMs: 0, forgotten: false };
  }

  #unstand(live: LiveSession, standing: readonly EventStream[]): void {
    live.standing.splice(0, live.standing.length, ...standing);
    if (standing.length > 0) return;
    live.session.push = undefined;
    this.#app.hub.delete(live.session);
  }

  #keep(live: LiveSession): void {
    if (this.#live.has(live.sid)) return;
    const { counted } = live;
    const { maxSessions, maxSessionsPerPrincipal } = this.#app.limits;
    if (counted !== undefined && this.#perPrincipal.of(counted) >= maxSessionsPerPrincipal) {
      this.#app.instruments?.limit("maxSessionsPerPrincipal");
      this.#evict(counted);
    }
    if (this.#live.size >= maxSessions) {
      this.#app.instruments?.limit("maxSessions");
      this.#evict();
    }
    this.#live.set(live.sid, live);
    if (counted !== undefined) this.#perPrincipal.add(counted);
    if (this.#live.size === 1) this.#app.ticker.add(this);
  }

  #forget(live: LiveSession): void {
    if (!this.#live.delete(live.sid)) return;
    live.forgotten = true;
    if (live.counted !== undefined) this.#perPrincipal.delete(live.counted);
    this.#app.hub.delete(live.session);
    live.session.close();
    if (this.#live.size === 0) this.#app.ticker.delete(this);
  }

  /**
   * At the bound the session kept longest (of this caller, where the bound is per caller) makes room; its id stays
   * good, only what it accumulated is lost.
   */
  #evict(counted?: string): void {
    for (const live of this.#live.values()) {
      if (live.session.calls.size > 0 || (counted !== undefined && live.counted !== counted)) continue;
      // Its streams end, so that the client knows that it hears nothing any more and can come back.
      for (const stream of live.standing) this.#streams.delete(stream);
      return this.#forget(live);
    }
  }

  #bound(principal: Principal): string {
    return `${this.#route}\n${principalKey(principal)}`;
  }
}
