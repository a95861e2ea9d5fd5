/** Logging in: a real provider, a real browser, and the files that are kept. */
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoProvider, startProvider } from "../../examples/warehouse/provider/index.js";
import { jwt } from "../../src/auth/jwt.js";
import { McpServer } from "../../src/index.js";
import { type Browser, startBrowser } from "../oauth/helpers/browser.js";
import { logIn } from "../oauth/helpers/oauth-client.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { holdfast, listening } from "./helpers/cli.js";
import { type Terminal, terminal } from "./helpers/terminal.js";

/** Two programs and a browser on a busy machine. */
const LOGIN_MS = 60_000;
const PRIVATE = 0o600;

let browser: Browser;
let provider: DemoProvider;
let onTerminal: Terminal;
let url: string;
let state: string;
const closers: (() => void)[] = [];

beforeAll(async () => {
  [browser, onTerminal] = [await startBrowser(), await terminal()];
  provider = await startProvider({ accessTokenSeconds: ACCESS_TOKEN_SECONDS });
  state = mkdtempSync(join(tmpdir(), "holdfast-state-"));
  url = await serve();
}, FETCH_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  for (const close of closers) close();
  await provider?.close();
  rmSync(state, { recursive: true, force: true });
});

const ACCESS_TOKEN_SECONDS = 300;

async function serve(): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const auth = jwt({ issuer: provider.issuer, audience: at, scopes: ["products:read"] });
  const mcp = new McpServer({ name: "shop", version: "1.0.0" }, { auth, logger: { log() {} } });
  mcp.registerTool("who", { requires: "products:read" }, (ctx) => ctx.principal.subject);
  server.on("request", mcp.node);
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return at;
}

const env = () => ({ XDG_STATE_HOME: state, MCP_TOKEN: "" });
const kept = () => {
  const folder = join(state, "holdfast", "logins");
  return readdirSync(folder).map((name) => join(folder, name));
};

/** Opens the page that the command printed and logs in there. */
async function visit(page: string): Promise<void> {
  const login = new URL(page);
  const back = String(login.searchParams.get("redirect_uri"));
  await logIn(browser, login, "ada@acme", { url: back, next: async () => new URLSearchParams(), close() {} });
}

/** On a terminal, with a person who logs in at the page that the command prints. */
async function withLogin(args: string) {
  const visits: Promise<void>[] = [];
  const asked = /asks you to log in:\s+(http\S+)\s[\s\S]*?Open \S+ in the browser\?/;
  const ended = await onTerminal(args, {
    env: env(),
    timeoutMs: LOGIN_MS,
    answers: [[asked, ([, page = ""]) => visits.push(visit(page))]],
  });
  await Promise.all(visits);
  return { ...ended, logins: visits.length };
}

interface Kept {
  readonly resource: string;
  readonly issuer: string;
  readonly issuers: Readonly<Record<string, { readonly tokens: Record<string, string>; readonly client: object }>>;
}
const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Kept;

describe.sequential("a server that asks for a login", () => {
  it("without a terminal: says what to do, opens nothing and keeps nothing", async () => {
    const { code, stdout, stderr } = await holdfast(["list", url], { env: env() });
    expect(stderr).toMatch(/asks for credentials \(401\)\.\nGive an access token with --token or MCP_TOKEN/);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(readdirSync(state)).toEqual([]);
  });

  it("--no-login refuses on a terminal too", async () => {
    const { code, text } = await onTerminal(`list ${url} --no-login`, { env: env() });
    expect(text).toMatch(/asks for credentials \(401\)/);
    expect(code).toBe(3);
  });

  it("on a terminal: logs in, calls, and keeps the login for this user alone", { timeout: LOGIN_MS }, async () => {
    const { code, text, logins } = await withLogin(`call ${url} who`);
    expect(text).toContain("ada@acme");
    expect({ code, logins }).toEqual({ code: 0, logins: 1 });
    const [file = "", ...more] = kept();
    expect(more).toEqual([]);
    expect(statSync(file).mode & 0o777).toBe(PRIVATE);
    expect(read(file)).toMatchObject({ resource: url, issuer: provider.issuer });
  });

  it("afterwards the login is used without a terminal, by every command", async () => {
    const ended = await Promise.all(
      [
        ["call", url, "who"],
        ["list", url],
        ["inspect", url],
      ].map((args) => holdfast(args, { env: env() })),
    );
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(ended[0]?.stdout).toBe("ada@acme\n");
    const refused = await holdfast(["call", url, "who", "--no-login"], { env: env() });
    expect(refused.code).toBe(3);
  });

  it("a token that has ended is renewed, without a terminal", async () => {
    const [file = ""] = kept();
    const before = read(file);
    const login = before.issuers[before.issuer];
    const tokens = { ...login?.tokens, access_token: "ended" };
    writeFileSync(file, JSON.stringify({ ...before, issuers: { [before.issuer]: { ...login, tokens } } }));
    const { code, stdout } = await holdfast(["call", url, "who"], { env: env() });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ada@acme\n" });
    expect(read(file).issuers[before.issuer]?.tokens.access_token).not.toBe("ended");
    expect(statSync(file).mode & 0o777).toBe(PRIVATE);
  });

  it("a login that cannot be renewed says so, without a terminal", async () => {
    const [file = ""] = kept();
    const before = readFileSync(file, "utf8");
    const { issuer, issuers, resource } = read(file);
    const tokens = { ...issuers[issuer]?.tokens, access_token: "ended", refresh_token: "ended" };
    writeFileSync(file, JSON.stringify({ resource, issuer, issuers: { [issuer]: { ...issuers[issuer], tokens } } }));
    const { code, stderr } = await holdfast(["call", url, "who"], { env: env() });
    expect(stderr).toMatch(/The login has ended, and nobody can log in again here\.\nRun the command on a terminal/);
    expect(code).toBe(3);
    writeFileSync(file, before);
  });

  it("logout forgets it", async () => {
    const { code, stderr } = await holdfast(["logout", url], { env: env() });
    expect(stderr).toContain("is forgotten here");
    expect(code).toBe(0);
    expect(kept()).toEqual([]);
    expect((await holdfast(["call", url, "who"], { env: env() })).code).toBe(3);
    expect((await holdfast(["logout", "server.ts"], { env: env() })).code).toBe(2);
  });

  it("--client-id names a client that is registered already", { timeout: LOGIN_MS }, async () => {
    const metadata = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as Record<
      string,
      string
    >;
    const registered = await fetch(metadata.registration_endpoint ?? "", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        redirect_uris: ["http://127.0.0.1/callback"],
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      }),
    });
    const { client_id: id } = (await registered.json()) as { client_id: string };
    const { code, text } = await withLogin(`call ${url} who --client-id ${id} --scope products:read`);
    expect(text).toContain("ada@acme");
    expect(text).toContain(`client_id=${id}`);
    expect(code).toBe(0);
    expect(Object.values(read(kept()[0] ?? "").issuers)[0]?.client).toBeUndefined();
  });
});

it("a server that has no login says so on a terminal, and is not taken for one that is not there", async () => {
  const refusing = createServer((_request, response) => {
    response.writeHead(_request.url === "/mcp" ? 401 : 404, { "www-authenticate": "Bearer" }).end();
  });
  closers.push(() => refusing.close());
  const { code, text } = await onTerminal(`list ${await listening(refusing)}`, { env: env() });
  expect(text).toMatch(/asks for credentials \(401\), and logging in failed/);
  expect(code).toBe(3);
});
