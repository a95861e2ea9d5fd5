/** What a URL says before anybody is connected: what it asks for, and whether the older transport is there too. */
import type { ConnectionOptions } from "./connection-options.js";
import { isObject } from "./signature.js";

/** Metadata documents are a page at most. */
const MAX_DOCUMENT_BYTES = 64 * 1024;

export interface HttpFacts {
  /** Whether a request without credentials is refused; undefined when nothing answers. */
  readonly asks: boolean | undefined;
  readonly challenge: string | undefined;
  readonly metadataUrl: string | undefined;
  /** RFC 9728. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** Where HTTP+SSE is served beside it. */
  readonly sseUrl: string | undefined;
}

/** Looks without credentials, but for the question whether HTTP+SSE is there. Never throws. */
export async function httpFactsOf(url: URL, options: ConnectionOptions): Promise<HttpFacts> {
  const [{ asks, challenge }, sseUrl] = await Promise.all([challengeOf(url, options), sseBeside(url, options)]);
  const named = /\bresource_metadata="([^"]+)"/i.exec(challenge ?? "")?.[1];
  for (const candidate of [named, wellKnown(url, url.pathname), wellKnown(url, "")]) {
    if (candidate === undefined || !URL.canParse(candidate)) continue;
    const metadata = await documentAt(new URL(candidate), options);
    if (metadata !== undefined) return { asks, challenge, metadataUrl: candidate, metadata, sseUrl };
  }
  return { asks, challenge, metadataUrl: undefined, metadata: undefined, sseUrl };
}

function wellKnown(url: URL, path: string): string {
  return new URL(`/.well-known/oauth-protected-resource${path === "/" ? "" : path}`, url).href;
}

async function request<T>(
  url: URL,
  init: RequestInit,
  read: (response: Response) => Promise<T> | T,
  options: ConnectionOptions,
): Promise<T | undefined> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(options.connectTimeoutMs)]);
  try {
    return await read(await fetch(url, { redirect: "error", ...init, signal }));
  } catch {
    return undefined;
  } finally {
    // What was not read is not wanted: a stream would go on for ever.
    done.abort();
  }
}

async function challengeOf(url: URL, options: ConnectionOptions): Promise<Pick<HttpFacts, "asks" | "challenge">> {
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const read = ({ status, headers }: Response) => ({ status, challenge: headers.get("www-authenticate") ?? undefined });
  const found = await request(url, { method: "POST", headers, body: JSON.stringify(ping) }, read, options);
  if (found === undefined) return { asks: undefined, challenge: undefined };
  return { asks: found.status === 401, challenge: found.challenge };
}

async function sseBeside(url: URL, options: ConnectionOptions): Promise<string | undefined> {
  const at = new URL(url);
  at.pathname = url.pathname.replace(/[^/]*\/?$/, "sse");
  const headers = {
    ...options.headers,
    ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    accept: "text/event-stream",
  };
  const read = ({ status, headers }: Response) =>
    status === 200 && /^text\/event-stream\b/.test(headers.get("content-type") ?? "");
  return (await request(at, { headers }, read, options)) === true ? at.href : undefined;
}

async function documentAt(
  url: URL,
  options: ConnectionOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const read = async (response: Response) => {
    if (response.status !== 200 || response.body === null) return undefined;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > MAX_DOCUMENT_BYTES) return undefined;
      chunks.push(chunk);
    }
    const document: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return isObject(document) && typeof document.resource === "string" ? document : undefined;
  };
  return request(url, { headers: { accept: "application/json" } }, read, options);
}
