import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { filterRecords } from "./netbox-filters.js";
import { type Collection, type Collections, type LabRecord, pick } from "./netbox-records.js";

export interface LabNetBox {
  readonly url: string;
  /** A v1 token: may read everything. */
  readonly token: string;
  /** A v2 token that may read `dcim` only. */
  readonly limitedToken: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly html?: string;
  readonly location?: string;
}

/** NetBox's defaults for PAGINATE_COUNT and MAX_PAGE_SIZE. */
const PAGINATE_COUNT = 50;
const MAX_PAGE_SIZE = 1_000;
const LOOPBACK = "127.0.0.1";

/** Listens first: the objects carry absolute URLs, so they are made once the port is known. */
export async function startLabNetBox(
  objects: (origin: string) => Collections,
  stepDelayMs: number,
): Promise<LabNetBox> {
  const token = randomBytes(20).toString("hex");
  const limitedToken = `nbt_${randomBytes(6).toString("hex")}.${randomBytes(20).toString("hex")}`;
  let collections: Collections = new Map();
  let origin = "";
  const server = createServer((request, response) => {
    const answer = answerTo(request, { origin, collections, token, limitedToken });
    void sleep(stepDelayMs).then(() => send(response, answer));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, LOOPBACK, resolve));
  origin = `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;
  collections = objects(origin);
  return { url: origin, token, limitedToken, close: () => close(server) };
}

interface Site {
  readonly origin: string;
  readonly collections: Collections;
  readonly token: string;
  readonly limitedToken: string;
}

function answerTo(request: IncomingMessage, site: Site): Answer {
  const url = new URL(request.url ?? "/", site.origin);
  const [root, app = "", model = "", id, ...rest] = url.pathname.split("/").slice(1);
  if (root !== "api") return missingPage();
  if (!url.pathname.endsWith("/")) return { status: 301, location: `${url.pathname}/${url.search}` };
  const denied = authenticate(request.headers.authorization, app, site);
  if (denied !== undefined) return { status: 403, body: { detail: denied } };
  if (request.method !== "GET") return { status: 405, body: { detail: `Method "${request.method}" not allowed.` } };
  if (app === "" || (app !== "status" && model === "")) return listing(app, site);
  if (app === "status" && model === "")
    return { status: 200, body: { "netbox-version": "4.5.2", hostname: "holdfast-lab", plugins: {} } };
  const collection = site.collections.get(`${app}/${model}`);
  if (collection === undefined || rest.length > 1) return missingPage();
  if (id === undefined || id === "") return list(collection, url, site.collections);
  const record = collection.records.find((one) => String(one.id) === id);
  if (record === undefined)
    return { status: 404, body: { detail: `No ${collection.verbose} matches the given query.` } };
  return { status: 200, body: shape(record, collection, url.searchParams) };
}

/** The reason for a 403, or undefined. NetBox answers 403, never 401, to a missing or wrong token. */
function authenticate(header: string | undefined, app: string, site: Site): string | undefined {
  const [scheme = "", value = ""] = (header ?? "").split(" ");
  if (!/^(?:token|bearer)$/i.test(scheme)) return "Authentication credentials were not provided.";
  if (value === site.token) return undefined;
  if (value !== site.limitedToken) return value.startsWith("nbt_") ? "Invalid v2 token" : "Invalid v1 token";
  return app === "" || app === "dcim" || app === "status"
    ? undefined
    : "You do not have permission to perform this action.";
}

function listing(app: string, { collections, origin }: Site): Answer {
  const names = [...collections.keys()].filter((name) => app === "" || name.startsWith(`${app}/`));
  if (names.length === 0) return missingPage();
  const entries = names.map((name) => (app === "" ? (name.split("/")[0] ?? "") : name.slice(app.length + 1)));
  return {
    status: 200,
    body: Object.fromEntries(entries.map((name) => [name, `${origin}/api/${app === "" ? "" : `${app}/`}${name}/`])),
  };
}

function list(collection: Collection, url: URL, collections: Collections): Answer {
  const query = url.searchParams;
  const filtered = filterRecords(collection, query, (field) => slugsOf(field, collections));
  if ("errors" in filtered) return { status: 400, body: filtered.errors };
  const records = order(filtered.records, query.get("ordering"));
  const limit = pageSize(query.get("limit"));
  const offset = wholeNumber(query.get("offset")) ?? 0;
  const link = (to: number): string => {
    const target = new URL(url);
    target.searchParams.set("limit", String(limit));
    target.searchParams.set("offset", String(to));
    return target.href;
  };
  return {
    status: 200,
    body: {
      count: records.length,
      next: offset + limit < records.length ? link(offset + limit) : null,
      previous: offset > 0 ? link(Math.max(0, offset - limit)) : null,
      results: records.slice(offset, offset + limit).map((record) => shape(record, collection, query)),
    },
  };
}

/** Filters by slug are checked against the objects that exist, as Django does. */
function slugsOf(field: string, collections: Collections): readonly string[] | undefined {
  const endpoint = {
    site: "dcim/sites",
    role: "dcim/device-roles",
    platform: "dcim/platforms",
    manufacturer: "dcim/manufacturers",
  }[field];
  return endpoint === undefined ? undefined : collections.get(endpoint)?.records.map(({ slug }) => String(slug));
}

function order(records: LabRecord[], ordering: string | null): LabRecord[] {
  if (ordering === null || ordering === "") return records;
  const field = ordering.replace(/^-/, "");
  const sign = ordering.startsWith("-") ? -1 : 1;
  return records.toSorted(
    (left, right) => sign * String(left[field]).localeCompare(String(right[field]), "en", { numeric: true }),
  );
}

function shape(record: LabRecord, { briefFields }: Collection, query: URLSearchParams): Record<string, unknown> {
  if ((query.get("brief") ?? "") !== "") return pick(record, briefFields);
  const fields = query.get("fields");
  return fields === null ? record : pick(record, fields.split(","));
}

function pageSize(text: string | null): number {
  const asked = wholeNumber(text);
  return asked === undefined ? PAGINATE_COUNT : Math.min(asked === 0 ? MAX_PAGE_SIZE : asked, MAX_PAGE_SIZE);
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Paths that are no endpoint get Django's HTML page, even under /api/. */
function missingPage(): Answer {
  return {
    status: 404,
    html: "<!DOCTYPE html><html><head><title>Page Not Found</title></head><body>404</body></html>",
  };
}

function send(response: ServerResponse, { status, body, html, location }: Answer): void {
  const text = html ?? (body === undefined ? "" : JSON.stringify(body));
  const headers = {
    "content-type": html === undefined ? "application/json" : "text/html; charset=utf-8",
    "api-version": "4.5",
  };
  response.writeHead(status, location === undefined ? headers : { ...headers, location }).end(text);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
