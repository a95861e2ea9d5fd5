import { countedKey, type Principal } from "../auth/principal.js";
import { Tally } from "../util/budget.js";
import { LinkedList } from "../util/list.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import type { Call } from "./call.js";
import type { CallRegister } from "./exchange.js";
import type { Limits } from "./limits.js";

/** The bound that a call would be beyond. */
export interface Full {
  readonly limit: keyof Limits;
  readonly text: string;
}

/** Calls in flight. One sweep ends those past their deadline: no call owns a timer for that. */
export class CallTable implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #calls = new LinkedList<Call>();
  readonly #ticker: Ticker;
  readonly #limits: Limits;
  readonly #perPrincipal = new Tally();
  /** Listen streams: they last, and streams have bounds of their own. */
  #lasting = 0;
  readonly #lastingPerPrincipal = new Tally();
  #idle: (() => void)[] = [];

  constructor(ticker: Ticker, limits: Limits) {
    this.#ticker = ticker;
    this.#limits = limits;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Why no further call of this caller may begin now; undefined when it may. */
  full(principal: Principal, register: CallRegister | undefined): Full | undefined {
    const { maxCalls, maxCallsPerPrincipal, maxCallsPerSession } = this.#limits;
    if (this.#calls.size - this.#lasting >= maxCalls) {
      return { limit: "maxCalls", text: `The server has ${maxCalls} calls in flight` };
    }
    if (register !== undefined && register.counted >= maxCallsPerSession) {
      return { limit: "maxCallsPerSession", text: `This session has ${maxCallsPerSession} calls in flight` };
    }
    const key = countedKey(principal);
    if (key === undefined || this.#perPrincipal.of(key) < maxCallsPerPrincipal) return undefined;
    return { limit: "maxCallsPerPrincipal", text: `This caller has ${maxCallsPerPrincipal} calls in flight` };
  }

  /** Listen streams among them. */
  get listening(): number {
    return this.#lasting;
  }

  add(call: Call): void {
    this.#calls.add(call);
    if (this.#calls.size === 1) this.#ticker.add(this);
    const key = countedKey(call.peer.principal);
    if (key !== undefined) this.#perPrincipal.add(key);
  }

  /** The call is meant to last: it is no longer one of those that a bound is on. False when there are too many. */
  lasts(call: Call): boolean {
    const key = countedKey(call.peer.principal);
    if (this.#lasting >= this.#limits.maxStreams) return false;
    if (key !== undefined && this.#lastingPerPrincipal.of(key) >= this.#limits.maxStreamsPerPrincipal) return false;
    if (!call.linked || call.lasting) return true;
    call.lasting = true;
    call.exchange.calls?.noteLasting();
    this.#lasting += 1;
    if (key === undefined) return true;
    this.#perPrincipal.delete(key);
    this.#lastingPerPrincipal.add(key);
    return true;
  }

  delete(call: Call): void {
    if (!call.linked) return;
    this.#calls.delete(call);
    if (call.lasting) this.#lasting -= 1;
    const key = countedKey(call.peer.principal);
    if (key !== undefined) (call.lasting ? this.#lastingPerPrincipal : this.#perPrincipal).delete(key);
    if (this.#calls.size > 0) return;
    this.#ticker.delete(this);
    if (this.#idle.length === 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  all(): readonly Call[] {
    return this.#calls.all();
  }

  tick(nowMs: number): void {
    for (const call of this.#calls.all()) if (call.deadlineMs < nowMs) call.cancel("timeout");
  }
}
