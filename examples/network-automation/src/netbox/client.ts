import { NetworkError } from "../errors.js";
import { Collector, type NetBoxResult } from "./collector.js";
import { type Endpoint, parseEndpoint } from "./endpoint.js";
import { type HttpReply, httpGet } from "./http.js";
import { type Params, parseParams } from "./params.js";
import { parseBody, replyError } from "./replies.js";

export interface NetBoxOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs?: number;
  readonly maxPageBytes?: number;
  readonly maxResultBytes?: number;
}

export type { NetBoxResult } from "./collector.js";

export interface NetBoxQuery {
  readonly endpoint: string;
  readonly params?: Params;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A model reads what we return: fifty is NetBox's own page and enough to see what matters. */
export const DEFAULT_LIMIT = 50;
/** NetBox's own MAX_PAGE_SIZE; more than this in one answer helps nobody. */
export const MAX_LIMIT = 1_000;
const PAGE_SIZE = 100;
/** A busy NetBox lists big tables in a few seconds; past ten, the query is too wide. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** A page of 100 full devices with config contexts is about 1 MB. */
const DEFAULT_MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** About 60,000 tokens: the most a client can still put before its model. */
const DEFAULT_MAX_RESULT_BYTES = 256 * 1024;
/** Against a server whose `next` goes round in circles. */
const MAX_PAGES = 50;

interface Page {
  readonly count: number;
  readonly next: string | null;
  readonly items: Record<string, unknown>[];
}

/** Reads NetBox's REST API, and only reads. One instance serves all calls; it keeps no state. */
export class NetBoxClient {
  readonly #base: URL;
  readonly #options: Required<NetBoxOptions>;

  constructor(options: NetBoxOptions) {
    this.#options = {
      url: options.url,
      token: options.token,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxPageBytes: options.maxPageBytes ?? DEFAULT_MAX_PAGE_BYTES,
      maxResultBytes: options.maxResultBytes ?? DEFAULT_MAX_RESULT_BYTES,
    };
    this.#base = apiRoot(options.url);
  }

  async query(query: NetBoxQuery): Promise<NetBoxResult> {
    const endpoint = parseEndpoint(query.endpoint);
    const { filters, offset, limit: inParams } = parseParams(query.params ?? {});
    // NetBox reads limit=0 as "everything"; here everything is at most MAX_LIMIT.
    const asked = query.limit ?? inParams ?? DEFAULT_LIMIT;
    const limit = Math.min(asked === 0 ? MAX_LIMIT : asked, MAX_LIMIT);
    const first = new URL(endpoint.path, this.#base);
    first.search = filters.toString();
    if (endpoint.id === undefined && endpoint.model !== undefined) {
      first.searchParams.set("limit", String(Math.min(limit, PAGE_SIZE)));
      if (offset > 0) first.searchParams.set("offset", String(offset));
    }
    const collector = new Collector(limit, this.#options.maxResultBytes);
    let url: URL | undefined = first;
    let note: string | undefined;
    let count = 0;
    for (let pages = 0; url !== undefined && pages < MAX_PAGES; pages++) {
      const page: Page = await this.#page(url, endpoint, query.signal);
      count = page.count;
      if (!collector.add(page.items) || page.items.length === 0) break;
      const next = nextPage(page.next, first);
      url = next.url;
      note ??= next.note;
    }
    return collector.result(count, offset, note);
  }

  async #page(url: URL, endpoint: Endpoint, signal: AbortSignal | undefined): Promise<Page> {
    const reply = await this.#get(url, signal);
    if (reply.status === 200) return toPage(parseBody(reply, url.origin));
    const known = reply.status === 404 ? await this.#endpoints(endpoint.app, signal) : [];
    throw replyError(reply, endpoint, known);
  }

  /** NetBox lists the endpoints of an app at its root, so the advice fits the version that is running. */
  async #endpoints(app: string, signal: AbortSignal | undefined): Promise<string[]> {
    try {
      const reply = await this.#get(new URL(`${app}/`, this.#base), signal);
      const body: unknown = reply.status === 200 ? JSON.parse(reply.text) : {};
      return isRecord(body) ? Object.keys(body) : [];
    } catch {
      return []; // The 404 is the news; the listing is a courtesy.
    }
  }

  #get(url: URL, signal: AbortSignal | undefined): Promise<HttpReply> {
    const { token, timeoutMs, maxPageBytes } = this.#options;
    return httpGet({ url, token, timeoutMs, maxBytes: maxPageBytes, signal });
  }
}

/** Accepts the address with or without `/api`, and keeps a base path (NetBox's BASE_PATH). */
function apiRoot(address: string): URL {
  const url = toUrl(address);
  if (url === undefined)
    throw new TypeError(`NETBOX_URL is not a URL: "${address}". Example: https://netbox.example.com`);
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new TypeError("NETBOX_URL must be http(s) and must not contain credentials; put the token in NETBOX_TOKEN.");
  }
  return new URL(`${url.pathname.replace(/\/+$/, "").replace(/\/api$/, "")}/api/`, url.origin);
}

/** `next` is followed only back to the very list that was asked for: our token goes nowhere else. */
function nextPage(link: string | null, first: URL): { url?: URL; note?: string } {
  if (link === null) return {};
  const url = toUrl(link, first.href);
  if (url !== undefined && url.origin === first.origin && url.pathname === first.pathname) return { url };
  const found = url === undefined ? "an invalid link" : url.origin + url.pathname;
  const reason = `NetBox's link to the next page points to ${found}, not to ${first.origin}${first.pathname}, and was not followed.`;
  return { note: `${reason} Continue with params.offset; the operator should check the proxy headers of NetBox.` };
}

function toUrl(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

function toPage(body: unknown): Page {
  if (Array.isArray(body)) return { count: body.length, next: null, items: body.filter(isRecord) };
  if (!isRecord(body)) throw new NetworkError("upstream", "NetBox answered with neither an object nor a list.");
  if (!Array.isArray(body.results)) return { count: 1, next: null, items: [body] };
  const next = typeof body.next === "string" ? body.next : null;
  const count = typeof body.count === "number" ? body.count : body.results.length;
  return { count, next, items: body.results.filter(isRecord) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
