/** The requests of a channel, and what they share of it. */
import type { Principal } from "../auth/principal.js";
import type { Revision } from "../protocol/revisions/index.js";
import type { RequestId } from "../protocol/types.js";
import type { Call } from "./call.js";
import type { CallRegister, Exchange, ResumedOperation } from "./exchange.js";
import type { Peer, TransportName } from "./peer.js";

/** What a channel sends by, and what it is told of. */
export interface ChannelOptions {
  readonly transport: TransportName;
  readonly principal: Principal;
  /**
   * Sends one serialised message to the client. `onArrival` is told whether it arrived, as far as can be known; `id` is
   * that of the request which the message answers.
   */
  readonly send: (message: string, onArrival?: (arrived: boolean) => void, id?: RequestId) => void;
  /** True where a message that was sent may be lost; then `send` tells. */
  readonly lossy?: boolean;
  /** Told of a request whose answer will take a while, and (without a call) of one that gets none. */
  readonly onPending?: (id: RequestId, call: Call | undefined) => void;
  /** True while a process reads what is sent as it comes; then an answer keeps a distance to notifications. */
  readonly live?: () => boolean;
  /** True while the client reads so little that what can be left out is left out. */
  readonly congested?: () => boolean;
  /** Serve 2026-07-28 too. HTTP+SSE does not: its clients must get -32601 for `server/discover`. */
  readonly modern: boolean;
  /** The revision taken for granted when a client skips `initialize`. */
  readonly fallback?: Revision;
}

/** Takes the answer to a request, once; an empty text is none. */
export type Answer = (text: string, onArrival?: (arrived: boolean) => void, id?: RequestId) => void;

/**
 * How long after its last notification an answer goes out, in milliseconds. The official clients handle an answer before
 * notifications that came in the same chunk and then have nobody to report them to: progress would be lost. This is the
 * time a client process needs to wake up and read; only calls that notified just before they ended wait for it.
 */
const SETTLE_MS = 10;

/** What all exchanges of a channel share. */
export interface ChannelShared {
  readonly options: ChannelOptions;
  /** Takes answers that are in no batch: only those are followed. */
  readonly single: Answer;
  /** Answers that keep their distance; the channel sends them at once when it closes. */
  readonly delayed: Set<() => void>;
}

/** What is an exchange's own. */
interface ChannelExchangeParts {
  readonly peer: Peer;
  readonly calls: CallRegister;
  readonly answer: Answer;
  readonly id: RequestId;
  readonly header: Exchange["header"];
  readonly resumes: ResumedOperation | undefined;
}

/** One request on a channel: where what its handler says goes. */
export class ChannelExchange implements Exchange {
  readonly peer: Peer;
  readonly calls: CallRegister;
  readonly resumes: ResumedOperation | undefined;
  readonly header: Exchange["header"];
  readonly #shared: ChannelShared;
  readonly #answer: Answer;
  readonly #id: RequestId;
  #spokeAt = 0;
  #onDelivery: ((arrived: boolean) => void) | undefined;

  constructor(shared: ChannelShared, parts: ChannelExchangeParts) {
    this.peer = parts.peer;
    this.calls = parts.calls;
    this.resumes = parts.resumes;
    this.header = parts.header;
    this.#shared = shared;
    this.#answer = parts.answer;
    this.#id = parts.id;
  }

  get durable(): boolean {
    return this.#shared.options.onPending !== undefined;
  }

  onDelivery(listener: (arrived: boolean) => void): void {
    const { options, single } = this.#shared;
    // True when it can be known whether the answer arrives.
    if (options.lossy === true && this.#answer === single) this.#onDelivery = listener;
    else listener(true);
  }

  notify(message: string, droppable = false): void {
    const { options } = this.#shared;
    if (droppable && options.congested?.() === true) return;
    this.#spokeAt = performance.now();
    options.send(message);
  }

  reply(message: string): void {
    const { options, delayed } = this.#shared;
    const wait = this.#spokeAt === 0 ? 0 : this.#spokeAt + SETTLE_MS - performance.now();
    if (wait <= 0 || options.live?.() !== true) this.#answer(message, this.#onDelivery, this.#id);
    else {
      const send = () => {
        if (delayed.delete(send)) this.#answer(message, this.#onDelivery, this.#id);
      };
      delayed.add(send);
      setTimeout(send, wait);
    }
  }

  abandon(): void {
    this.#answer("", undefined, this.#id);
  }
}
