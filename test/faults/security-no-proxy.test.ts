/**
 * [S23] A server with an issuer stands in for nobody: it registers, authorizes and redeems nothing, changes nothing of what
 * the issuer says, gives callers' tokens to nobody, and goes where it was told and not where an answer sends it.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jwt } from "../../src/auth/jwt.js";
import type { JwtOptions } from "../../src/auth/jwt-options.js";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { AUDIENCE, FakeIssuer, type Fault } from "../auth/helpers/issuer.js";
import { modernRequest, post, type RawResponse } from "../support/raw-http.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { sendLines } from "./helpers/raw-lines.js";
import { Watch } from "./helpers/security-watch.js";

let issuer: FakeIssuer;
let watch: Watch;
let faces: Faces;
beforeEach(async () => {
  issuer = await FakeIssuer.start();
  faces = await serveFaces(() => create());
  watch = new Watch().start();
});
afterEach(async () => {
  watch.stop();
  await faces.close();
  await issuer.close();
});

function create(options: Partial<JwtOptions> = {}): McpServer {
  const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger, ...options });
  const mcp = new McpServer({ name: "resource", version: "1.0.0" }, { auth, logger: silentLogger });
  mcp.registerTool("whoami", { requires: "products:read" }, ({ principal }) => principal.subject);
  return mcp;
}

const portOf = (url: string) => Number(new URL(url).port);
const toIssuer = () => watch.requests.filter(({ port }) => port === portOf(issuer.url));

function whoami(base: string, token: string): Promise<RawResponse> {
  const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
  return post(`${base}/mcp`, message, { headers: { ...headers, authorization: `Bearer ${token}` } });
}

describe("[S23] the endpoints of an authorization server", () => {
  const NAMES = ["register", "reg", "authorize", "auth", "authorization", "token", "revoke", "introspect", "userinfo"];
  const MORE = [
    "consent",
    "login",
    "logout",
    "callback",
    "device",
    "device_authorization",
    "par",
    "jwks",
    "keys",
    "sso",
  ];
  const PATHS = [...NAMES, ...MORE, "jwks.json", "interaction/x", "oidc/register", "oauth/authorize"].flatMap(
    (name) => [
      ...[`/${name}`, `/oauth/${name}`, `/oauth2/${name}`, `/auth/${name}`, `/mcp/${name}`, `/connect/${name}`],
    ],
  );
  const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
  const QUERY = "?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fevil.example%2F&state=x&code=y";
  const FORM = "grant_type=authorization_code&code=y&redirect_uri=https%3A%2F%2Fevil.example%2F&client_id=a";
  const CLIENT = JSON.stringify({ redirect_uris: ["https://evil.example/"], client_name: "a" });

  test.each(["run", "node"] as const)("are not here, by %s", async (face) => {
    const base = faces.bases[face];
    const lines = [`host: ${new URL(base).host}`, `authorization: Bearer ${await issuer.sign()}`];
    for (const path of PATHS) {
      const answers = METHODS.map(async (method) => {
        const body = method === "GET" || method === "HEAD" ? "" : /\breg(ister)?$/.test(path) ? CLIENT : FORM;
        const type = body === FORM ? "application/x-www-form-urlencoded" : "application/json";
        const more = body === "" ? lines : [...lines, `content-type: ${type}`];
        const { status, head } = await sendLines(base, `${method} ${path}${QUERY} HTTP/1.1`, more, body);
        expect(head, `${method} ${path}`).not.toMatch(/^(location|set-cookie|refresh):|evil\.example/m);
        return status === 404 ? [] : [`${method} ${path} ${status}`];
      });
      expect((await Promise.all(answers)).flat()).toEqual([]);
    }
    expect(toIssuer()).toEqual([]);
  });

  test("are not here by fetch", async () => {
    const mcp = create();
    const found: string[] = [];
    for (const path of PATHS) {
      for (const method of METHODS) {
        const body = method === "GET" || method === "HEAD" ? undefined : FORM;
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const { status } = await mcp.fetch(new Request(`http://127.0.0.1${path}${QUERY}`, { method, headers, body }));
        if (status !== 404) found.push(`${method} ${path} ${status}`);
      }
    }
    expect(found).toEqual([]);
    expect(toIssuer()).toEqual([]);
  });
});

test("[S23] its metadata are the issuer's, byte for byte, and never name this server as one", async () => {
  const at = (name: string) => `${issuer.url}/tenant/${name}?a=b&c=%2F#d`;
  issuer.metadata = {
    ...{ authorization_endpoint: at("authorize"), token_endpoint: at("token"), registration_endpoint: at("register") },
    ...{ revocation_endpoint: at("revoke"), introspection_endpoint: at("introspect"), end_session_endpoint: at("end") },
    ...{ scopes_supported: ["products:read", "ä€\u{1f600}"], client_id_metadata_document_supported: true },
    ...{ mtls_endpoint_aliases: { token_endpoint: "https://mtls.example/token" }, nothing: null, deep: [[{ a: 1.5 }]] },
  };
  const original = await (await fetch(`${issuer.url}/.well-known/oauth-authorization-server`)).text();
  for (const [name, base] of Object.entries(faces.bases)) {
    for (const document of ["oauth-authorization-server", "openid-configuration"]) {
      for (const path of ["", "/mcp", "/sse"]) {
        const answer = await fetch(`${base}/.well-known/${document}${path}`, { headers: { host: new URL(base).host } });
        const text = await answer.text();
        expect(text, `${name} ${document}${path}`).toBe(original);
        expect(text).not.toContain(new URL(base).host);
      }
    }
    const resource = await (await fetch(`${base}/.well-known/oauth-protected-resource/mcp`)).json();
    expect(resource).toMatchObject({ resource: `${base}/mcp`, authorization_servers: [issuer.url] });
  }
});

test("[S23] a caller's token goes nowhere: no request to the issuer carries it, or anything else of the caller", async () => {
  const tokens = [
    await issuer.sign(),
    await issuer.sign({ exp: 1 }),
    await issuer.sign({}, { header: { kid: "new" } }),
  ];
  for (const base of Object.values(faces.bases)) {
    for (const token of [...tokens, "canary", "canary.canary.canary"]) {
      const { message, headers } = modernRequest("tools/list");
      const own = { "x-canary": "canary", cookie: "canary=1", "mcp-session-id": "canary", referer: "http://canary/" };
      const answer = await post(`${base}/mcp?canary=1`, message, {
        headers: { ...headers, ...own, authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(token === tokens[0] ? 200 : 401);
    }
  }
  const asked = toIssuer();
  expect(new Set(asked.map(({ method, url }) => `${method} ${url}`))).toEqual(
    new Set(["GET /.well-known/oauth-authorization-server", "GET /keys"]),
  );
  const KNOWN = /^(host|connection|accept|accept-language|accept-encoding|sec-fetch-mode|user-agent)$/;
  for (const { headers } of asked) {
    expect(Object.keys(headers).filter((name) => !KNOWN.test(name))).toEqual([]);
    expect(JSON.stringify(headers)).not.toMatch(/canary|Bearer|eyJ/);
  }
  // Nobody else was asked anything.
  expect(new Set(watch.fetched.map((url) => new URL(url).port))).toEqual(new Set([new URL(issuer.url).port]));
});

describe("[S23] a redirect is followed", () => {
  const follows: typeof fetch = (input, init) => fetch(input, { ...init, redirect: "follow" });
  const faults: readonly ("keysFault" | "metadataFault")[] = ["keysFault", "metadataFault"];
  const redirect: Fault = "redirect";

  test.each(faults)("neither by a server nor for it (%s)", async (fault) => {
    issuer[fault] = redirect;
    const token = await issuer.sign();
    const answers = await Promise.all(Object.values(faces.bases).map((base) => whoami(base, token)));
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(toIssuer().filter(({ url }) => url === "/moved-keys")).toEqual([]);
    for (const base of Object.values(faces.bases)) {
      const { status, redirected } = await fetch(`${base}/.well-known/oauth-authorization-server`);
      expect([status, redirected]).toEqual([fault === "keysFault" ? 200 : 503, false]);
    }
    issuer[fault] = undefined;
  });

  test.each(faults)("and what came by one is not believed, whatever `fetch` does (%s)", async (fault) => {
    issuer[fault] = redirect;
    const trusting = await serveFaces(() => create({ fetch: follows }));
    const answers = await Promise.all(
      Object.values(trusting.bases).map(async (base) => whoami(base, await issuer.sign())),
    );
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(toIssuer().some(({ url }) => url === "/moved-keys")).toBe(true);
    await trusting.close();
  });
});
