/**
 * The page's own port, on loopback only. It can call tools, and so nobody else's page may use it: a request needs the key
 * of this run, our own Host (a name that was pointed at this machine is another one), and our own Origin where there is
 * one.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isObject, type JsonObject } from "../util/json.js";
import { pageDocument } from "./page-document.js";
import { apiRequest } from "./page-requests.js";
import type { PageSession } from "./page-session.js";
import type { PageEvent } from "./page-types.js";

const KEY_BYTES = 24;
const KEY_HEADER = "x-holdfast-key";
/** Arguments of a call that somebody typed or pasted. */
const MAX_BODY_BYTES = 8_388_608;
/** Keeps the stream of a page that nothing happens on from looking dead. */
const BEAT_MS = 15_000;
/** A page that stops reading is let go of before it fills the memory. */
const MAX_UNREAD_BYTES = 33_554_432;
const HOST = "127.0.0.1";

export interface PageServerParts {
  readonly session: PageSession;
  readonly port: number;
  /** The page's program. */
  readonly script: string;
  readonly restart: () => void;
}

export class PageServer {
  readonly #parts: PageServerParts;
  readonly #key: Buffer = Buffer.from(randomBytes(KEY_BYTES).toString("base64url"));
  readonly #server: Server;
  #host = "";

  constructor(parts: PageServerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Resolves with the URL, key included. */
  async listen(): Promise<string> {
    this.#server.listen(this.#parts.port, HOST);
    await once(this.#server, "listening");
    this.#host = `${HOST}:${(this.#server.address() as AddressInfo).port}`;
    return `http://${this.#host}/?key=${this.#key.toString()}`;
  }

  async close(): Promise<void> {
    await this.#parts.session.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://page");
    if (!this.#isOurs(request)) return refuse(response, 403, "This page is for its own address only.");
    const key = request.headers[KEY_HEADER] ?? (url.pathname === "/" ? url.searchParams.get("key") : undefined);
    if (!this.#isKey(key)) return refuse(response, 403, "Open the URL that holdfast dev has printed: it has the key.");
    if (url.pathname === "/" && request.method === "GET") return this.#document(response);
    if (url.pathname === "/api/events" && request.method === "GET") return this.#events(request, response);
    const name = /^\/api\/(\w+)$/.exec(url.pathname)?.[1];
    if (name === undefined) return refuse(response, 404, "Not found.");
    if (request.method !== "POST") return refuse(response, 405, "Method not allowed.");
    // What a form of a foreign page can send is never this.
    if (request.headers["content-type"] !== "application/json") return refuse(response, 415, "JSON is needed.");
    const body = await bodyOf(request);
    if (body === undefined) return refuse(response, 400, "The body is no JSON object, or too large.");
    const { session, restart } = this.#parts;
    const taken = apiRequest(name, body, { session, restart });
    if (!taken) return refuse(response, 400, "The request is not one of this page.");
    response.writeHead(204, HEADERS).end();
  }

  #isOurs({ headers }: IncomingMessage): boolean {
    const { host, origin } = headers;
    const site = headers["sec-fetch-site"];
    if (host !== this.#host && host !== this.#host.replace(HOST, "localhost")) return false;
    if (site !== undefined && site !== "same-origin" && site !== "none") return false;
    return origin === undefined || origin === `http://${host}`;
  }

  #isKey(given: unknown): boolean {
    if (typeof given !== "string") return false;
    const bytes = Buffer.from(given);
    return bytes.length === this.#key.length && timingSafeEqual(bytes, this.#key);
  }

  #document(response: ServerResponse): void {
    const nonce = randomBytes(KEY_BYTES).toString("base64");
    response.writeHead(200, {
      ...HEADERS,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy(nonce),
    });
    response.end(pageDocument(this.#parts.script, nonce));
  }

  #events(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
    const send = (event: PageEvent) => {
      response.write(`data: ${JSON.stringify(event)}\n\n`);
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    };
    const beat = setInterval(() => response.write(": beat\n\n"), BEAT_MS);
    const forget = this.#parts.session.watch(send);
    request.once("close", () => {
      clearInterval(beat);
      forget();
    });
  }
}

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // The key is in the address.
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "media-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

async function bodyOf(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
