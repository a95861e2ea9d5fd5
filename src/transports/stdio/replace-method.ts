/** Replacing a method of somebody else's object so that it can be put back. */

/** Any function, as seen by one that only passes arguments on. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces `holder[name]` by what `make` returns, keeping the properties of the original (the symbols that
 * `util.promisify` reads, its name and length). The returned function puts the original back, unless
 * somebody else has replaced the method since: then their layer stays and ours beneath it stays too.
 */
export function replaceMethod(holder: object, name: string, make: (original: Method) => Method): () => void {
  const original: unknown = Reflect.get(holder, name);
  if (typeof original !== "function") return () => {};
  const replacement = make(original as Method);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  Reflect.set(holder, name, replacement);
  return () => {
    if (Reflect.get(holder, name) === replacement) Reflect.set(holder, name, original);
  };
}
