/** A value now, or a promise of it: code on the hot path stays synchronous as long as what it calls does. */
export type MaybePromise<T> = T | Promise<T>;

/** True for anything with a `then` method. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Continues with `next` at once when `value` is no promise, else when it resolves. */
export function chain<T, R>(value: T | PromiseLike<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isThenable(value) ? Promise.resolve(value as PromiseLike<T>).then(next) : next(value as T);
}
