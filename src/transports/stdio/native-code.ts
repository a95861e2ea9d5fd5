/**
 * Says when code is about to come in that patches of JavaScript cannot reach: an addon, or a worker
 * thread, which has modules of its own (loggers like to write to descriptor 1 from one).
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import worker_threads from "node:worker_threads";
import { replaceMethod } from "./replace-method.js";

/** Calls the listener once, at once if an addon is loaded already. The returned function stops the watch. */
export function beforeNativeCode(listener: () => void): () => void {
  if (addonIsLoaded()) {
    listener();
    return () => {};
  }
  const { Worker } = worker_threads;
  let watching = true;
  const notice = (): void => {
    if (!watching) return;
    watching = false;
    listener();
  };
  const restoreDlopen = replaceMethod(
    process,
    "dlopen",
    (original) =>
      function (this: unknown, ...args) {
        notice();
        return Reflect.apply(original, this, args);
      },
  );
  worker_threads.Worker = new Proxy(Worker, {
    construct(target, args, newTarget): object {
      notice();
      return Reflect.construct(target, args, newTarget);
    },
  });
  syncBuiltinESMExports();
  // For a constructor that somebody took before: a little late, but a thread takes longer to start.
  process.on("worker", notice);
  return () => {
    watching = false;
    restoreDlopen();
    worker_threads.Worker = Worker;
    syncBuiltinESMExports();
    process.off("worker", notice);
  };
}

function addonIsLoaded(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((path) => path.endsWith(".node"));
}
