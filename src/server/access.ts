import { type Denial, decide } from "../auth/permissions.js";
import { chain, isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Entry } from "./entries.js";
import type { Peer } from "./peer.js";
import type { Visible } from "./types.js";

/**
 * How an entry stands to a caller: `true` it may be used, `false` it is as if it did not exist, a denial that it exists
 * and what would be needed to use it.
 */
export type Access = true | false | Denial;

/**
 * The one decision about access, for lists and calls alike, from the caller's identity now: visible, and permitted.
 * Anything but a plain `true`, a thrown error included, denies.
 */
export function judge(entry: Entry, peer: Peer, args: unknown): MaybePromise<Access> {
  if (entry.visible === true && entry.requires === undefined) return true;
  return chain(isVisible(entry.visible, peer), (visible) => (visible ? judgeVisible(entry, peer, args) : false));
}

/** The first half for a call: visible, and permitted as far as that does not depend on arguments. */
export function judgeEarly(entry: Entry, peer: Peer): MaybePromise<Access> {
  return typeof entry.requires === "function" ? isVisible(entry.visible, peer) : judge(entry, peer, undefined);
}

/**
 * The second half: a requirement that is a function sees the arguments as the handler will, after validation, so that it
 * cannot be told one thing and the handler another.
 */
export function judgeLate(entry: Entry, peer: Peer, args: unknown): MaybePromise<Access> {
  return typeof entry.requires === "function" ? judgeVisible(entry, peer, args) : true;
}

/** True when the caller may use the entry. */
export function mayAccess(entry: Entry, peer: Peer, args: unknown): MaybePromise<boolean> {
  return chain(judge(entry, peer, args), (access) => access === true);
}

function judgeVisible({ requires, whenDenied }: Entry, peer: Peer, args: unknown): MaybePromise<Access> {
  if (requires === undefined) return true;
  return chain(decide(requires, peer.principal, args), (decision) => {
    return decision !== true && whenDenied === "hidden" ? false : decision;
  });
}

function isVisible(visible: Visible, peer: Peer): MaybePromise<boolean> {
  if (typeof visible === "boolean") return visible;
  const { principal, client, revision, transport } = peer;
  try {
    const answer = visible({ principal, client, revision: revision.version, transport });
    if (!isThenable(answer)) return answer === true;
    return Promise.resolve(answer).then(
      (late) => late === true,
      () => false,
    );
  } catch {
    return false;
  }
}

/** True when the entry is in the caller's lists: it may be used, or is shown to those who may not. */
function isListed(entry: Entry, peer: Peer): MaybePromise<boolean> {
  return chain(judge(entry, peer, undefined), (access) => {
    return access === true || (access !== false && entry.whenDenied === "listed");
  });
}

/** The entries in a caller's lists, in their order. Synchronous unless a check is not. */
export function accessible<E extends Entry>(entries: readonly E[], peer: Peer): MaybePromise<readonly E[]> {
  const answers = entries.map((entry) => isListed(entry, peer));
  if (!answers.some(isThenable)) return entries.filter((_, index) => answers[index] === true);
  return Promise.all(answers).then((all) => entries.filter((_, index) => all[index] === true));
}

/** True when every caller sees the same list, so that one prepared answer serves all. */
export function isOpen(entries: readonly Entry[]): boolean {
  return entries.every(({ visible, requires, whenDenied }) => {
    return visible === true && (requires === undefined || whenDenied === "listed");
  });
}
