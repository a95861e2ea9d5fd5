/** Errors that went past their promise: rejections that nobody handled, exceptions that nobody caught. */

const strays: unknown[] = [];
let listening = false;

/** From now on strays are kept instead of ending the process. */
export function catchStrays(): void {
  if (listening) return;
  listening = true;
  process.on("unhandledRejection", (error) => strays.push(error));
  process.on("uncaughtException", (error) => strays.push(error));
}

/** The first stray since the last look; one that is undefined is told too. */
export function takeStray(): { readonly error: unknown } | undefined {
  const all = strays.splice(0);
  return all.length === 0 ? undefined : { error: all[0] };
}
