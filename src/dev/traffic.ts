/**
 * Reads what passes through the proxy and writes the log. Invariants:
 * 1. It only looks: nothing it does can hold a message back or change it.
 * 2. A request is known by its id within a scope: the session (Streamable HTTP), the stream (HTTP+SSE), or the HTTP
 *    exchange where there is neither.
 * 3. What is begun is ended: by its answer, by its client, or with the server.
 */
import { isObject, type JsonObject } from "../util/json.js";
import { LruMap } from "../util/lru.js";
import { withoutSecrets } from "./hide.js";
import type { Caller, DevLog, Outcome } from "./log.js";
import { callerIn, idOf, messagesIn, metaOf, methodOf, nameIn, outcomeOf, paramsOf } from "./messages.js";
import { type HttpFacts, Tap } from "./tap.js";

/** Sessions whose clients are remembered by name. */
const MAX_SESSIONS = 1000;

/** What the page's own client is called. */
export const PAGE_CLIENT = "holdfast-dev";
const CALLS = new Set(["tools/call", "resources/read", "prompts/get"]);

export interface Pending {
  readonly log: number;
  readonly scope: string;
  readonly id: string | number;
  readonly progressToken: unknown;
  readonly initialize: boolean;
  readonly caller: Caller;
}

export class Traffic {
  readonly log: DevLog;
  readonly #pending = new Map<string, Pending>();
  /** Requests that no server has yet. */
  readonly #held = new Set<Pending>();
  /** Questions of the server that wait for a client: which exchange they are of. */
  readonly #questions = new Map<string, number>();
  readonly #callers = new LruMap<string, Caller>(MAX_SESSIONS);

  constructor(log: DevLog) {
    this.log = log;
  }

  open(facts: HttpFacts): Tap {
    return new Tap(this, facts);
  }

  /** The server is gone, and with it whatever it was working on; what waits for the next one is not of this. */
  serverGone(): void {
    const left = [...this.#pending.values()].filter((one) => !this.#held.has(one));
    for (const one of left) this.settle(one, { kind: "lost" }, undefined);
    this.#questions.clear();
  }

  hold(one: Pending, held: boolean): void {
    if (held && this.isPending(one)) this.#held.add(one);
    else this.#held.delete(one);
  }

  /** Messages from a client. */
  asked(text: string, scope: string, facts: HttpFacts): readonly Pending[] {
    const begun: Pending[] = [];
    for (const message of messagesIn(text)) {
      const method = methodOf(message);
      const id = idOf(message);
      if (method !== undefined && id !== undefined) begun.push(this.#request(message, { method, id, scope, facts }));
      else if (method !== undefined) this.#notified(message, { method, scope, facts });
      else if (id !== undefined) this.#answered(message, key(scope, id));
    }
    return begun;
  }

  #request(
    message: JsonObject,
    { method, id, scope, facts }: { method: string; id: string | number; scope: string; facts: HttpFacts },
  ): Pending {
    const caller = this.callerOf(message, scope, facts);
    const request = withoutSecrets(message);
    const log = this.log.begin({
      method,
      name: nameIn(isObject(request) ? request : {}),
      caller,
      request,
      quiet: isQuiet(method, caller),
    });
    const { progressToken } = metaOf(message);
    const pending = { log, scope, id, progressToken, initialize: method === "initialize", caller };
    this.#pending.set(key(scope, id), pending);
    return pending;
  }

  #notified(message: JsonObject, { method, scope, facts }: { method: string; scope: string; facts: HttpFacts }): void {
    const caller = this.callerOf(message, scope, facts);
    const request = withoutSecrets(message);
    const log = this.log.begin({ method, name: undefined, caller, request, quiet: true });
    this.log.end(log, { kind: "ok" }, undefined);
    if (method !== "notifications/cancelled") return;
    const { requestId } = paramsOf(message);
    const pending =
      this.#pending.get(key(scope, String(requestId))) ?? this.#pending.get(key(scope, Number(requestId)));
    if (pending !== undefined) this.settle(pending, { kind: "cancelled" }, undefined);
  }

  #answered(message: JsonObject, question: string): void {
    const log = this.#questions.get(question);
    this.#questions.delete(question);
    if (log !== undefined) this.log.note(log, "answer", withoutSecrets(message.result ?? message.error));
  }

  /** A message from the server; `own` are the requests whose answer it is part of. */
  said(message: JsonObject, scope: string, own: readonly Pending[]): void {
    const method = methodOf(message);
    const id = idOf(message);
    if (method === undefined) {
      const pending = id === undefined ? undefined : this.#pending.get(key(scope, id));
      if (pending === undefined) return;
      // Before anything is made of it: the outcome quotes the answer.
      const shown = withoutSecrets(message);
      this.settle(pending, outcomeOf(isObject(shown) ? shown : {}), shown);
      return;
    }
    const params = paramsOf(message);
    const about = this.#about(params.progressToken, scope) ?? own[0] ?? this.#inScope(scope);
    if (about === undefined) return;
    if (id !== undefined) this.#questions.set(key(scope, id), about.log);
    this.log.note(about.log, method, withoutSecrets(params));
  }

  settle(pending: Pending, outcome: Outcome, response: unknown): void {
    this.#pending.delete(key(pending.scope, pending.id));
    this.log.end(pending.log, outcome, response);
  }

  isPending(one: Pending): boolean {
    return this.#pending.get(key(one.scope, one.id)) === one;
  }

  pendingIn(scope: string): readonly Pending[] {
    return [...this.#pending.values()].filter((one) => one.scope === scope);
  }

  /** Who opened the session is known from then on. */
  remember(scope: string, caller: Caller): void {
    this.#callers.set(scope, caller);
  }

  callerOf(message: JsonObject | undefined, scope: string, facts: HttpFacts): Caller {
    const said = callerIn(message, facts.header, facts.transport);
    return { ...this.#callers.get(scope), ...said };
  }

  #about(progressToken: unknown, scope: string): Pending | undefined {
    if (progressToken === undefined) return undefined;
    return this.pendingIn(scope).find((one) => one.progressToken === progressToken);
  }

  /** Of several, the one that began last is the likeliest. */
  #inScope(scope: string): Pending | undefined {
    return this.pendingIn(scope).at(-1);
  }
}

/** What the page does to know what there is, and not because somebody wanted it. */
function isQuiet(method: string, { name }: Caller): boolean {
  return method === "ping" || (name === PAGE_CLIENT && !CALLS.has(method));
}

/** `1` and `"1"` are two ids. */
function key(scope: string, id: string | number): string {
  return `${scope} ${JSON.stringify(id)}`;
}
