/** Logging in where the server, its provider or another page does not play fair. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LoginStore } from "../../src/cli/login-store.js";
import { folder, holdfast, listening } from "./helpers/cli.js";
import { type Terminal, terminal } from "./helpers/terminal.js";

const ASKED = /asks you to log in:\s+(http\S+)\s[\s\S]*?Open \S+ in the browser\?/;
/** Two of the command's starts on a busy machine. */
const LOGIN_MS = 60_000;

let onTerminal: Terminal;
let state: string;
const servers: Server[] = [];
const files = folder();

beforeAll(async () => {
  onTerminal = await terminal();
  state = mkdtempSync(join(tmpdir(), "holdfast-state-"));
});

afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
  rmSync(state, { recursive: true, force: true });
});

const env = () => ({ XDG_STATE_HOME: state, MCP_TOKEN: "" });

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = (seen: Seen, origin: string) => readonly [status: number, body: object, headers?: Record<string, string>];

async function serve(answer: Answer): Promise<{ readonly origin: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const one = { line: `${request.method} ${request.url}`, headers: request.headers, body };
    seen.push(one);
    const [status, json, headers = {}] = answer(one, origin);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(json));
  });
  servers.push(server);
  const { origin } = new URL(await listening(server));
  return { origin, seen };
}

/** A provider that gives a token for everything. */
function provider() {
  return serve(({ line }, origin) => {
    if (line.startsWith("POST /token")) return [200, { access_token: "granted", token_type: "Bearer", expires_in: 60 }];
    if (line.startsWith("POST /register")) return [201, { client_id: "made", redirect_uris: ["http://127.0.0.1/"] }];
    if (!line.startsWith("GET /.well-known/oauth-authorization-server")) return [404, {}];
    const metadata = {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
    };
    return [200, metadata];
  });
}

/** A server that never lets anybody in; `issuer` is asked for each time. */
function resource(issuer: () => string) {
  return serve(({ line }, origin) => {
    if (!line.startsWith("GET /.well-known/oauth-protected-resource")) {
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
      return [401, {}, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }];
    }
    return [200, { resource: `${origin}/mcp`, authorization_servers: [issuer()] }];
  });
}

function backOf(page: string): URL {
  const { searchParams } = new URL(page);
  const back = new URL(String(searchParams.get("redirect_uri")));
  back.search = new URLSearchParams({ code: "code", state: String(searchParams.get("state")) }).toString();
  return back;
}

it(
  "a server that names another provider after the login does not get the code there",
  async () => {
    const [honest, evil] = [await provider(), await provider()];
    let issuer = honest.origin;
    const { origin } = await resource(() => issuer);
    const { code, text } = await onTerminal(`list ${origin}/mcp --client-id ours`, {
      env: { ...env(), MCP_CLIENT_SECRET: "client-secret" },
      timeoutMs: LOGIN_MS,
      answers: [
        [
          ASKED,
          ([, page = ""]) => {
            issuer = evil.origin;
            return fetch(backOf(page));
          },
        ],
        [ASKED, "\u0004"],
      ],
    });
    expect(evil.seen.filter(({ body }) => /code_verifier|client-secret/.test(body))).toEqual([]);
    expect(honest.seen.some(({ line, body }) => line === "POST /token" && body.includes("code_verifier"))).toBe(true);
    expect(text).not.toContain("[mcp-sdk]");
    expect(code).not.toBe(0);
  },
  LOGIN_MS,
);

it("a header that is meant for the server does not go to its provider", async () => {
  const { origin: issuer, seen } = await provider();
  const server = await resource(() => issuer);
  await onTerminal(`list ${server.origin}/mcp --header "X-Api-Key: server-key"`, {
    env: env(),
    answers: [[ASKED, "\u0004"]],
  });
  expect(server.seen.every(({ headers }) => headers["x-api-key"] === "server-key")).toBe(true);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter(({ headers }) => headers["x-api-key"] !== undefined)).toEqual([]);
});

it(
  "what other pages send to the callback ends nothing, and each login has a state of its own",
  async () => {
    const { origin: issuer } = await provider();
    const { origin } = await resource(() => issuer);
    const states = new Set<string | null>();
    const comeBack = async (page: string) => {
      const back = backOf(page);
      states.add(back.searchParams.get("state"));
      // A path that is no URL, sent as it is.
      await new Promise((resolve) => {
        const socket = connect(Number(back.port), back.hostname, () => socket.write("GET // HTTP/1.0\r\n\r\n"));
        socket.resume().once("close", resolve);
      });
      const forged = new URL(back);
      forged.searchParams.set("state", "forged");
      expect((await fetch(forged)).status).toBe(404);
      expect((await fetch(back)).status).toBe(200);
    };
    const failures: unknown[] = [];
    const visit = ([, page = ""]: RegExpExecArray) => comeBack(page).catch((error: unknown) => failures.push(error));
    const { text } = await onTerminal(`list ${origin}/mcp`, {
      env: env(),
      timeoutMs: LOGIN_MS,
      answers: [
        [ASKED, visit],
        [ASKED, visit],
        [ASKED, "\u0004"],
      ],
    });
    expect(failures).toEqual([]);
    expect(text).toContain("The login was cancelled.");
    expect(text).not.toMatch(/ERR_|Invalid URL| at /);
    expect(states.size).toBe(2);
  },
  LOGIN_MS,
);

it("logins are not looked for in the folder where the command is typed", async () => {
  const url = "https://tools.example/mcp";
  const env = { XDG_STATE_HOME: "here", HOME: state };
  new LoginStore(new URL(url), { XDG_STATE_HOME: join(state, "here") }).set({}, "https://login.example");
  const { stderr } = await holdfast(["logout", url], { cwd: state, env });
  expect(stderr).toContain("There was no login");
});

async function freePort(): Promise<string> {
  const free = createServer();
  const { port } = new URL(await listening(free));
  await new Promise((resolve) => free.close(resolve));
  return port;
}

/** What the page is told, until it is told of a problem. */
async function problemOn(page: string): Promise<string> {
  const key = String(new URL(page).searchParams.get("key"));
  const events = await fetch(new URL("/api/events", page), { headers: { "x-holdfast-key": key } });
  let told = "";
  for await (const chunk of events.body ?? []) {
    told += Buffer.from(chunk).toString();
    if (told.includes('"type":"problem"')) break;
  }
  return told;
}

it(
  "the page of dev asks for no login on a terminal where keys are listened for",
  async () => {
    const { origin: issuer, seen } = await provider();
    const port = await freePort();
    const file = files.write(
      "closed.ts",
      `import { jwt, McpServer } from "holdfast";
const auth = jwt({ issuer: ${JSON.stringify(issuer)}, audience: "http://127.0.0.1:${port}/mcp" });
export default new McpServer({ name: "closed", version: "1.0.0" }, { auth });
`,
    );
    let told: Promise<string> | undefined;
    const { text } = await onTerminal(`dev ${file} --port ${port}`, {
      env: env(),
      timeoutMs: LOGIN_MS,
      answers: [
        [
          /Page +(http\S+)[\s\S]*? ready/,
          ([, page = ""], type) => {
            told = problemOn(page).finally(() => type("q"));
          },
        ],
      ],
    });
    expect(await told).toContain("401");
    expect(text).not.toContain("asks you to log in");
    expect(seen.filter(({ line }) => line.startsWith("POST"))).toEqual([]);
  },
  LOGIN_MS,
);
