/**
 * A `fetch` for URLs that somebody else chose: `import { createGuardedFetch } from "holdfast/guarded-fetch"`.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { HoldfastError } from "./errors.js";
import { cappedResponse } from "./util/capped-response.js";
import { type Deadline, openDeadline } from "./util/deadline.js";
import { blockedUrl, FetchTargets, type ResolveHost, systemAddresses } from "./util/fetch-targets.js";
import { OptionChecks } from "./util/option-checks.js";
import { pinnedRequest } from "./util/pinned-request.js";

export type { ResolveHost };

/** Options of `createGuardedFetch`. */
export interface GuardedFetchOptions {
  /**
   * Hosts that may be fetched although they are not public: names (`netbox.internal`), addresses and CIDR ranges
   * (`10.20.0.0/16`). Whoever chooses the URL reaches everything that is served there.
   */
  readonly allow?: readonly string[];
  /** Ports that may be fetched from, those of allowed hosts included. Default: all. */
  readonly ports?: readonly number[];
  /** Bytes of a response body, after decompression. Default: 10 MiB. */
  readonly maxBytes?: number;
  /** From the call to the last byte of the body, redirects included. Default: 30000. */
  readonly timeoutMs?: number;
  /** Default: 5. */
  readonly maxRedirects?: number;
  /** Gives all addresses of a host name. Default: the system's resolver. */
  readonly resolveHost?: ResolveHost;
}

/** More than any page or API answer that a model can use. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Half of what clients usually wait for a call. */
const TIMEOUT_MS = 30_000;
/** http to https, a missing slash, a moved page and one more; browsers stop at 20, and loops do not end by themselves. */
const MAX_REDIRECTS = 5;

const checks: OptionChecks = new OptionChecks("createGuardedFetch()");
const OPTION_NAMES: ReadonlySet<string> = new Set<keyof GuardedFetchOptions>([
  ...(["allow", "ports", "maxBytes", "timeoutMs", "maxRedirects", "resolveHost"] as const),
]);

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** All that another origin than the one it was meant for gets to see; any other header might be a secret. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["accept", "accept-encoding", "accept-language", "user-agent"],
  ...["content-encoding", "content-language", "content-type"],
]);
/** Headers that say how a message is sent. They are ours: with them, one request can be made to look like two. */
const FRAMING: readonly string[] = [
  ...["connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
];

/**
 * A `fetch` for URLs that a caller or a model chose. It reaches the internet and nothing else: names are resolved once,
 * all their addresses must be public, the connection is made to an address that was checked, and every redirect is
 * checked again. Headers go to another origin only if they cannot be secrets. Body and time are bounded.
 *
 * Refusals are `HoldfastError`s: `ERR_BLOCKED_URL`, `ERR_LIMIT` (too large, too many redirects), `ERR_TIMEOUT`. What fails
 * otherwise is a `TypeError`, as with `fetch`.
 *
 * @throws HoldfastError `ERR_CONFIG` for options that cannot be used.
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { createGuardedFetch } from "holdfast/guarded-fetch";
 * import { z } from "zod";
 *
 * const guardedFetch = createGuardedFetch({ allow: ["netbox.internal"], ports: [80, 443] });
 * const mcp = new McpServer({ name: "reader", version: "1.0.0" });
 * mcp.registerTool("read_page", { inputSchema: z.object({ url: z.string() }) }, async ({ url }, ctx) => {
 *   const response = await guardedFetch(url, { signal: ctx.signal });
 *   return response.text();
 * });
 * ```
 */
export function createGuardedFetch(options: GuardedFetchOptions = {}): typeof globalThis.fetch {
  const { allow = [], ports, resolveHost = systemAddresses } = checks.known(options, OPTION_NAMES);
  const targets = new FetchTargets({ allow: checks.names(allow, "allow"), ports, resolveHost, checks });
  const bounds: Bounds = {
    maxBytes: checks.number(options.maxBytes ?? MAX_BYTES, "maxBytes"),
    timeoutMs: checks.number(options.timeoutMs ?? TIMEOUT_MS, "timeoutMs"),
    maxRedirects: checks.number(options.maxRedirects ?? MAX_REDIRECTS, "maxRedirects"),
  };
  return async (input, init) => {
    const first = urlOf(input instanceof Request ? input.url : input);
    // `Request` refuses these too, but not with a code.
    if (first.username !== "" || first.password !== "") throw blockedUrl("it holds credentials");
    const request = new Request(input instanceof Request ? input : first, init);
    const deadline = openDeadline(request.signal, bounds.timeoutMs);
    try {
      return await follow({ targets, bounds, request, deadline });
    } catch (error) {
      deadline.release();
      throw error;
    }
  };
}

interface Bounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly maxRedirects: number;
}

interface Fetching {
  readonly targets: FetchTargets;
  readonly bounds: Bounds;
  readonly request: Request;
  readonly deadline: Deadline;
}

/** What is asked next. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
}

async function follow({ targets, bounds, request, deadline }: Fetching): Promise<Response> {
  const { signal, release } = deadline;
  const body = request.body === null ? undefined : Buffer.from(await deadline.race(request.arrayBuffer()));
  let hop: Hop = { url: new URL(request.url), method: request.method, headers: headersOf(request), body };
  for (let redirects = 0; ; redirects++) {
    const { url, method } = hop;
    const target = await deadline.race(targets.check(url));
    const incoming = await pinnedRequest(target, { ...hop, signal });
    const location = locationOf(incoming);
    if (location === undefined || request.redirect === "manual") {
      const { maxBytes } = bounds;
      return cappedResponse(incoming, { method, url, redirected: redirects > 0, maxBytes, signal, release });
    }
    incoming.destroy();
    if (request.redirect === "error") throw new TypeError("fetch failed", { cause: new Error("unexpected redirect") });
    if (redirects === bounds.maxRedirects) {
      throw new HoldfastError("ERR_LIMIT", `More than ${bounds.maxRedirects} redirects (maxRedirects).`);
    }
    hop = redirected(hop, urlOf(location, url), incoming.statusCode ?? 0);
  }
}

function locationOf({ statusCode = 0, headers: { location } }: IncomingMessage): string | undefined {
  if (location === undefined || !REDIRECTS.has(statusCode)) return undefined;
  // Headers are bytes, and those of a URL are UTF-8.
  return Buffer.from(location, "latin1").toString("utf8");
}

/** The next request, by the rules of Fetch ("HTTP-redirect fetch"), but that no unknown header changes the origin. */
function redirected(hop: Hop, url: URL, status: number): Hop {
  const headers = new Headers(hop.headers);
  const asGet = status === 303 ? hop.method !== "GET" && hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  for (const name of [...headers.keys()]) {
    const ofBody = asGet && name.startsWith("content-");
    if (ofBody || (url.origin !== hop.url.origin && !HARMLESS.has(name))) headers.delete(name);
  }
  if (url.hash === "") url.hash = hop.url.hash;
  return asGet ? { url, headers, method: "GET", body: undefined } : { ...hop, url, headers };
}

function headersOf(request: Request): Headers {
  const headers = new Headers(request.headers);
  for (const name of FRAMING) headers.delete(name);
  const defaults = { accept: "*/*", "accept-encoding": "gzip, br", "user-agent": "holdfast" };
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
  return headers;
}

function urlOf(input: string | URL, base?: URL): URL {
  if (!URL.canParse(String(input), base?.href)) throw blockedUrl("it is no absolute URL");
  return new URL(String(input), base);
}
