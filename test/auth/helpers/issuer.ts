/** An issuer of tokens on a free loopback port: metadata, keys that can be rotated, and faults to switch on. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { AuthRequest } from "../../../src/auth/authenticator.js";

export const AUDIENCE = "https://mcp.example.com";

/** What is answered in place of a document: "error" is the document with status 500, "silent" no answer at all. */
export type Fault = "error" | "silent" | "huge" | "text" | "list" | "redirect" | "endless";

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface SignOptions {
  readonly key?: SigningKey;
  /** Merged into the protected header; undefined takes a member out. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed as it stands, in place of claims. */
  readonly payload?: string;
}

let made = 0;

/** Making an RSA key takes a second, so those of one file are the same, under several algorithms. */
let rsa: JWK | undefined;

/** A key pair; `kid` of the public part is its own unless given. */
export async function createKey(alg: string, kid = `${alg}-${made}`): Promise<SigningKey> {
  made += 1;
  if (/^[RP]S/.test(alg)) {
    rsa ??= await exportJWK((await generateKeyPair("RS256", { extractable: true })).privateKey);
    const { kty, n, e } = rsa;
    const privateKey = (await importJWK(rsa, alg, { extractable: true })) as CryptoKey;
    return { kid, alg, privateKey, jwk: { kty, n, e, kid, alg, use: "sig" } };
  }
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export class FakeIssuer {
  readonly url: string;
  readonly key: SigningKey;
  /** The key set as it is published. */
  published: unknown[];
  /** Members that the metadata have beside, or in place of, the usual ones. */
  metadata: Record<string, unknown> = {};
  /** Paths below which metadata are answered; all by default. */
  metadataAt: (path: string) => boolean = () => true;
  keysFault: Fault | undefined;
  metadataFault: Fault | undefined;
  keysRequests = 0;
  readonly metadataRequests: string[] = [];
  readonly #base: string;

  #close: () => Promise<void> = () => Promise.resolve();

  private constructor(base: string, path: string, key: SigningKey) {
    this.#base = base;
    this.url = `${base}${path}`;
    this.key = key;
    this.published = [key.jwk];
  }

  static async start({ path = "", alg = "ES256" } = {}): Promise<FakeIssuer> {
    const key = await createKey(alg);
    const holder: { issuer?: FakeIssuer } = {};
    const server = createServer((request, response) => {
      if (holder.issuer !== undefined) holder.issuer.#answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer = new FakeIssuer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, path, key);
    holder.issuer = issuer;
    issuer.#close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return issuer;
  }

  get jwksUri(): string {
    return `${this.#base}/keys`;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Claims of a good token; undefined takes one out. */
  claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.url, sub: "ada", aud: AUDIENCE, iat: now, exp: now + 600, scope: "products:read" };
    return Object.fromEntries(Object.entries({ ...usual, ...changes }).filter(([, value]) => value !== undefined));
  }

  /** A signed token with the usual claims and `changes`. */
  sign(
    changes: Readonly<Record<string, unknown>> = {},
    { key = this.key, header = {}, payload }: SignOptions = {},
  ): Promise<string> {
    const merged = { alg: key.alg, kid: key.kid, typ: "at+jwt", ...header };
    const present = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
    const text = payload ?? JSON.stringify(this.claims(changes));
    return new CompactSign(Buffer.from(text)).setProtectedHeader(present as { alg: string }).sign(key.privateKey);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    if (path === "/keys" || path === "/moved-keys") {
      this.keysRequests += 1;
      return send(response, path === "/keys" ? this.keysFault : undefined, { keys: this.published });
    }
    if (!path.includes("/.well-known/")) return void response.writeHead(404).end();
    this.metadataRequests.push(path);
    if (!this.metadataAt(path)) return void response.writeHead(404).end();
    send(response, this.metadataFault, { issuer: this.url, jwks_uri: this.jwksUri, ...this.metadata });
  }
}

function send(response: ServerResponse, fault: Fault | undefined, document: unknown): void {
  const json = { "content-type": "application/json" };
  switch (fault) {
    case undefined:
      return void response.writeHead(200, json).end(JSON.stringify(document));
    case "silent":
      return;
    case "error":
      return void response.writeHead(500, json).end(JSON.stringify(document));
    case "redirect":
      return void response.writeHead(302, { location: "/moved-keys" }).end();
    case "text":
      return void response.writeHead(200, json).end("<html>");
    case "list":
      return void response.writeHead(200, json).end("[]");
    case "huge":
      return void response
        .writeHead(200, json)
        .end(JSON.stringify({ ...(document as object), pad: "x".repeat(300_000) }));
    case "endless": {
      response.writeHead(200, json);
      response.on("close", () => clearInterval(timer));
      const timer = setInterval(() => response.write(" ".repeat(65_536)), 1);
    }
  }
}

/** A request as an authenticator sees it, with these headers. */
export function request(headers: Readonly<Record<string, string>> = {}): AuthRequest {
  return { method: "POST", path: "/mcp", remoteAddress: "127.0.0.1", header: (name) => headers[name] };
}

export function bearer(token: string): AuthRequest {
  return request({ authorization: `Bearer ${token}` });
}
