/**
 * A place, one for the process whatever copies of the package are in it, where whoever loads a server's file can listen
 * for `run()`: the command line must not serve what the file serves itself. Empty elsewhere.
 */
const RUN_SLOT: symbol = Symbol.for("holdfast.run");

type Listener = (started: Promise<unknown>) => void;

/** Called for every `run()` from now on, before it does anything. */
export function onRun(listener: Listener): void {
  Reflect.set(globalThis, RUN_SLOT, listener);
}

/** Tells the listener, if there is one. */
export function announceRun(started: Promise<unknown>): void {
  const listener: unknown = Reflect.get(globalThis, RUN_SLOT);
  if (typeof listener === "function") listener(started);
}
