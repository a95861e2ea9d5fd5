/** Work that has to be let in before it begins. */
import type { OperationStore } from "../stores/operations.js";
import { chain, isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { RunningOperation } from "./running.js";
import type { Admission, Outcome } from "./types.js";

/**
 * Refuses before the claim what would be refused after it, so that refusing costs no write. What is in the store is not
 * new: its caller joins, or gets the outcome. The store is asked last: whoever begins work has claimed it before it is
 * counted, so what was refused here and is not in the store had not begun.
 */
export function refusedEarly(
  store: OperationStore,
  { admission, key }: { readonly admission?: Admission | undefined; readonly key: string },
): MaybePromise<Error | undefined> {
  if (admission === undefined) return undefined;
  return chain(admission.refusal(), (error) => {
    if (error === undefined) return undefined;
    return chain(store.inspect(key), (known) => (known === undefined ? error : undefined));
  });
}

export interface AdmittedWork {
  readonly enter: () => ReturnType<Admission["enter"]>;
  /** False when the fence was lost. */
  readonly isOwner: () => MaybePromise<boolean>;
  readonly work: (operation: RunningOperation) => Promise<Outcome>;
}

/** Does the work of an operation that was claimed, while it is counted. Undefined when the fence was lost meanwhile. */
export async function workAdmitted(
  operation: RunningOperation,
  { enter, isOwner, work }: AdmittedWork,
): Promise<Outcome | undefined> {
  let leave: () => void;
  try {
    const entered = enter();
    // A store that counts at once is not waited for.
    leave = isThenable(entered) ? await entered : entered;
  } catch (error) {
    return { kind: "released", error };
  }
  try {
    // Everybody left meanwhile: nothing is begun for nobody.
    if (operation.left) return { kind: "released", error: operation.aborted };
    const owned = isOwner();
    if (!(isThenable(owned) ? await owned : owned)) return undefined;
    return await work(operation);
  } finally {
    leave();
  }
}
