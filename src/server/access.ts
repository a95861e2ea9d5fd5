import { isPermitted } from "../auth/permissions.js";
import { chain, isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Entry } from "./entries.js";
import type { Peer } from "./peer.js";
import type { Visible } from "./types.js";

/**
 * The one decision about access, for lists and calls alike, from the caller's identity now: visible, and permitted.
 * Anything but a plain `true`, a thrown error included, denies.
 */
export function mayAccess(entry: Entry, peer: Peer, args: unknown): MaybePromise<boolean> {
  if (entry.visible === true && entry.requires === undefined) return true;
  return chain(isVisible(entry.visible, peer), (visible) => {
    if (!visible) return false;
    return entry.requires === undefined || isPermitted(entry.requires, peer.principal, args);
  });
}

/**
 * The second half of the decision for a call: a requirement that is a function sees the arguments as the handler will,
 * after validation, so that it cannot be told one thing and the handler another.
 */
export function mayCall(entry: Entry, peer: Peer, args: unknown): MaybePromise<boolean> {
  if (typeof entry.requires !== "function") return true;
  return isPermitted(entry.requires, peer.principal, args);
}

/** The first half: visible, and permitted as far as that does not depend on arguments. */
export function mayTry(entry: Entry, peer: Peer): MaybePromise<boolean> {
  if (typeof entry.requires !== "function") return mayAccess(entry, peer, undefined);
  return isVisible(entry.visible, peer);
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

/** The entries a caller may see, in their order. Synchronous unless a check is not. */
export function accessible<E extends Entry>(entries: readonly E[], peer: Peer): MaybePromise<readonly E[]> {
  const answers = entries.map((entry) => mayAccess(entry, peer, undefined));
  if (!answers.some(isThenable)) return entries.filter((_, index) => answers[index] === true);
  return Promise.all(answers).then((all) => entries.filter((_, index) => all[index] === true));
}

/** True when every caller sees the same list, so that one prepared answer serves all. */
export function isOpen(entries: readonly Entry[]): boolean {
  return entries.every((entry) => entry.visible === true && entry.requires === undefined);
}
