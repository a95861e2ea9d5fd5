/** What the writing functions of `node:fs` are about to write, read from their arguments. */

/** Bytes of `fs.writeSync` and `fs.write`: `(fd, text, position?, encoding?)` or `(fd, view, offset?, length?)`. */
export function bytesOfWrite([, data, second, third]: readonly unknown[]): Buffer | undefined {
  if (typeof data === "string")
    return Buffer.from(data, typeof third === "string" ? (third as BufferEncoding) : "utf8");
  if (!ArrayBuffer.isView(data)) return undefined;
  const options = typeof second === "object" && second !== null ? (second as Record<string, unknown>) : undefined;
  const offset = numberOr(options === undefined ? second : options.offset, 0);
  const length = numberOr(options === undefined ? third : options.length, data.byteLength - offset);
  if (offset < 0 || length < 0 || offset + length > data.byteLength) return undefined;
  // A copy: the caller may use its memory again at once.
  return Buffer.from(Buffer.from(data.buffer, data.byteOffset + offset, length));
}

/** Bytes of `fs.writevSync`: `(fd, views)`. */
export function bytesOfWritev([, views]: readonly unknown[]): Buffer | undefined {
  if (!Array.isArray(views) || !views.every((view) => ArrayBuffer.isView(view))) return undefined;
  return Buffer.concat(views.map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)));
}

/** Bytes of `fs.writeFileSync` and `fs.appendFileSync`: `(where, data, options?)`. */
export function bytesOfFile([, data, options]: readonly unknown[]): Buffer | undefined {
  const named =
    typeof options === "object" && options !== null ? (options as { encoding?: unknown }).encoding : options;
  if (typeof data === "string")
    return Buffer.from(data, typeof named === "string" ? (named as BufferEncoding) : "utf8");
  return ArrayBuffer.isView(data) ? Buffer.from(Buffer.from(data.buffer, data.byteOffset, data.byteLength)) : undefined;
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}
