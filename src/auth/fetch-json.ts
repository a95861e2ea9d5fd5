import { isObject, type JsonObject } from "../util/json.js";

/** `fetch` of the platform, or one of the caller's with a proxy or certificates of its own. */
export type Fetch = typeof globalThis.fetch;

/**
 * Bytes of one document of an issuer. Key sets with certificate chains take some 20 KiB, metadata 5 KiB; an issuer that
 * was taken over, or a wrong URL, must not fill the memory.
 */
const MAX_DOCUMENT_BYTES = 262_144;

/**
 * Gets a JSON object. Follows no redirect: where keys come from is what the configuration and the issuer's own document
 * say, and nobody else.
 *
 * @throws Error with a message that names the URL and nothing of what it answered.
 */
export async function fetchJson(url: string, fetch: Fetch, signal: AbortSignal): Promise<JsonObject> {
  const headers = { accept: "application/json, application/jwk-set+json" };
  const response = await fetch(url, { headers, redirect: "error", signal });
  // `redirected`: a `fetch` of the caller's may follow nevertheless.
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel();
    throw new Error(`${url} answered with ${response.redirected ? "a redirect" : `status ${response.status}`}`);
  }
  const text = await readBounded(response, url);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`${url} answered with something that is not JSON`);
  }
  if (!isObject(document)) throw new Error(`${url} answered with JSON that is no object`);
  return document;
}

async function readBounded(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by an error cancels the body, and so ends the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error(`${url} answered with more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What went wrong, for a log: `fetch` says no more than "fetch failed", and why in its cause. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
