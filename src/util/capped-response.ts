import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { HoldfastError } from "../errors.js";

export interface ResponseBounds {
  readonly method: string;
  readonly url: URL;
  readonly redirected: boolean;
  /** Bytes of the body, after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called once the body has ended, was given up, or failed. */
  readonly release: () => void;
}

/** Statuses whose responses have no body (Fetch, "null body status"). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** A `Response` whose body fails with `ERR_LIMIT` beyond `maxBytes`, so that a small file cannot unpack into memory. */
export async function cappedResponse(incoming: IncomingMessage, bounds: ResponseBounds): Promise<Response> {
  const { method, url, redirected, maxBytes, release } = bounds;
  const status = incoming.statusCode ?? 0;
  const headers = headersOf(incoming);
  const empty = method === "HEAD" || NULL_BODY.has(status);
  try {
    if (status < 200 || status > 599) throw new TypeError("fetch failed", { cause: new Error(`status ${status}`) });
    if (!empty && Number(headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
    const body = empty ? null : capped(incoming, await decoded(incoming), bounds);
    const response = new Response(body, { status, statusText: incoming.statusMessage, headers });
    // The constructor leaves both empty, and nothing but `fetch` itself can set them.
    Object.defineProperty(response, "url", { value: url.href.replace(/#.*$/, "") });
    Object.defineProperty(response, "redirected", { value: redirected });
    if (empty) drop(incoming, release);
    return response;
  } catch (error) {
    drop(incoming, release);
    throw error;
  }
}

function drop(incoming: IncomingMessage, release: () => void): void {
  incoming.destroy();
  release();
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return headers;
}

/** What was asked for with `accept-encoding`; bytes in any other encoding are given as they are. */
async function decoded(incoming: IncomingMessage): Promise<Readable> {
  const encoding = incoming.headers["content-encoding"]?.toLowerCase();
  if (encoding !== "gzip" && encoding !== "br") return incoming;
  const { createBrotliDecompress, createGunzip } = await import("node:zlib");
  const { pipeline } = await import("node:stream");
  const decoder = encoding === "gzip" ? createGunzip() : createBrotliDecompress();
  // Errors of both end up in the decoder, whose reader is told.
  pipeline(incoming, decoder, () => {});
  return decoder;
}

function capped(incoming: IncomingMessage, source: Readable, bounds: ResponseBounds): ReadableStream<Uint8Array> {
  const { maxBytes, signal, release } = bounds;
  // A failure is told to whoever reads; when nobody does, it must not end the process.
  source.on("error", () => {});
  const chunks = source[Symbol.asyncIterator]();
  let bytes = 0;
  const end = () => {
    source.destroy();
    drop(incoming, release);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = (await chunks.next()) as IteratorResult<Uint8Array, undefined>;
          if (done === true) {
            end();
            return controller.close();
          }
          bytes += value.byteLength;
          if (bytes > maxBytes) throw tooLarge(maxBytes);
          controller.enqueue(value);
        } catch (error) {
          end();
          controller.error(reasonOf(error, signal));
        }
      },
      cancel: end,
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  );
}

function reasonOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  return error instanceof HoldfastError ? error : new TypeError("terminated", { cause: error });
}

function tooLarge(maxBytes: number): HoldfastError {
  return new HoldfastError("ERR_LIMIT", `The response has more than ${maxBytes} bytes (maxBytes).`);
}
