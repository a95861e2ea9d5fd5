import type { MaybePromise } from "../util/maybe-promise.js";

/** What its listener has not taken for so long a store may let go of: twice as long as clients have for an answer. */
export const RELAY_TTL_MS = 600_000;

/** What became of a message: it will arrive, nobody listens at its address, or there was no room for it. */
export type Sent = "sent" | "nobody" | "full";

/** Takes what arrives at an address. MUST NOT throw. */
export type RelayListener = (text: string) => void;

/** Stops listening. Called twice, it does nothing the second time. */
export type Unlisten = () => void;

/**
 * Short messages between the processes that share a store: what came to one of them and is for another.
 * An address is a text of 64 characters at the most, none of them a space, that nobody can guess; whoever makes
 * addresses sees to it that no two listen at one.
 * - From the moment `listen` has resolved, `send` MUST find the listener, whichever process it is called in.
 * - `send` MUST answer `"nobody"` when nobody listens, or only a process that is dead as far as can be known, and MUST
 *   NOT keep anything then: who listens later is not told what came before.
 * - What was `"sent"` MUST be given to the listener, also after the death of who sent it, as long as the process that
 *   listens lives and goes on listening; messages of one address in the order in which they were sent. It SHOULD be
 *   given once; it MAY come again when the store could not note that it was given. What was not taken for
 *   `RELAY_TTL_MS`, by a process that was stopped for so long, MAY be let go of.
 * - A store MUST bound what it holds, for each address and in all, and MUST answer `"full"` beyond: what was sent before
 *   MUST NOT be dropped for it. It MUST let go of what was sent to a process that died, and of its addresses.
 * - While nobody listens a store MUST NOT look for messages.
 * - A store that cannot do its work MUST throw `ERR_STORE`; it MUST NOT answer `"sent"` or `"nobody"` then.
 */
export interface RelayStore {
  send(address: string, text: string): MaybePromise<Sent>;
  listen(address: string, listener: RelayListener): MaybePromise<Unlisten>;
}
