/** [85, S11, S28] Canaries in every place of a request: none of them in the audit log, nor in the log. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthenticationError, custom, type Logger, McpServer, ResourceTemplate } from "../../src/index.js";
import { SESSION_REVISIONS } from "../faults/helpers/busy-session.js";
import { quickSession } from "../faults/helpers/quick-session.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { modernRequest, post, sse } from "../support/raw-http.js";
import { MemorySink } from "./memory-sink.js";

/** By place; long enough that chance makes none. */
const CANARIES = new Map<string, string>();
function canary(place: string): string {
  const text = `cnry${place.replaceAll(/[^a-z]/gi, "")}4f9a7c2e`;
  CANARIES.set(place, text);
  return text;
}

const TOKEN = canary("token");
const SECRET = `${canary("server secret")}-${"x".repeat(16)}`;
const logged: string[] = [];
/** As a careless logger would print it: everything an object shows. */
const logger: Logger = {
  log: (level, event, fields) => {
    const text = JSON.stringify(fields, (_key, value: unknown) => {
      if (!(value instanceof Error)) return value;
      return { ...value, message: value.message, stack: value.stack, cause: value.cause };
    });
    logged.push(`${level} ${event} ${text}`);
  },
};
const sink = new MemorySink();
let served: Served;

beforeAll(async () => {
  const auth = custom((request) => {
    const header = request.header("authorization");
    if (header === `Bearer ${TOKEN}`) {
      return { issuer: "test", subject: "ada", permissions: ["*"], claims: { email: canary("claim") } };
    }
    throw new AuthenticationError("The token is not good.", {
      cause: new Error(`cannot parse Authorization: ${header}`),
    });
  });
  const mcp = new McpServer({ name: "canaries", version: "1.0.0" }, { auth, logger, audit: sink, secret: SECRET });
  mcp.registerTool("echo", {}, (args: object) => ({ ...args }));
  mcp.registerTool("fail", {}, () => {
    const config = { headers: { Authorization: `Bearer ${TOKEN}`, cookie: canary("cookie") } };
    throw Object.assign(new Error(`GET https://up.test/?access_token=${TOKEN} with ${SECRET}`), { config });
  });
  mcp.registerTool("bad_output", { outputSchema: { type: "object", required: ["x"] } }, (args: object) => ({
    ...args,
  }));
  mcp.registerResource("file", new ResourceTemplate("https://f.test/{+path}", { list: undefined }), {}, (uri) => {
    return { contents: [{ uri: uri.href, text: canary("result") }] };
  });
  mcp.registerPrompt("p", { argsSchema: { type: "object", properties: { a: { type: "string" } } } }, () => {
    throw new Error(`Bearer ${TOKEN}`);
  });
  served = await serve(mcp);
});
afterAll(() => served.close());

function expectNone(): void {
  const everything = `${JSON.stringify(sink.events)}\n${logged.join("\n")}`;
  for (const [place, text] of CANARIES) expect(everything.includes(text), `the ${place} is told`).toBe(false);
}

const good = { authorization: `Bearer ${TOKEN}` };
const send = (method: string, params: Record<string, unknown>, more: Record<string, string> = good) => {
  const { message, headers } = modernRequest(method, params);
  const meta = { ...(message.params as { _meta: object })._meta, "x/secret": canary("meta") };
  const body = { ...message, params: { ...(message.params as object), _meta: meta } };
  return post(served.url, body, { headers: { ...headers, "x-api-key": canary("header"), ...more } });
};

test("of requests", async () => {
  const args = { password: canary("argument"), [canary("argument name")]: 1 };
  const keyed = { ...good, "idempotency-key": `${canary("key")}-of-16-characters` };
  await send("tools/call", { name: "echo", arguments: args });
  await send("tools/call", { name: "echo", arguments: args }, keyed);
  await send("tools/call", { name: "fail", arguments: args });
  await send("tools/call", { name: "bad_output", arguments: { x: undefined, note: canary("output") } });
  await send("tools/call", { name: `Bearer ${canary("tool name")}` });
  await send("tools/call", { name: `eyJ${canary("tool name like a JWT")}.e30` });
  await send("prompts/get", { name: "p", arguments: { a: canary("prompt argument") } });
  const uri = `https://u:${canary("user information")}@f.test/a?sig=${canary("query")}#${canary("fragment")}`;
  await send("resources/read", { uri });
  await send("resources/read", { uri: `https://f.test/a?${canary("bare query")}` });
  await send("completion/complete", {
    ref: { type: "ref/prompt", name: "p" },
    argument: { name: "a", value: canary("completion") },
  });
  expect(sink.calls).toHaveLength(10);
  expect(sink.calls.at(-2)?.name).toBe("https://f.test/a?[redacted]");
  expectNone();
});

test("of requests that are refused", async () => {
  const before = logged.length;
  for (const header of [`Bearer wrong-${TOKEN}`, `Basic ${TOKEN}`, TOKEN]) {
    expect((await send("tools/list", {}, { authorization: header })).status).toBe(401);
  }
  expect(logged.length).toBe(before + 3);
  expectNone();
});

test("of sessions: their ids open streams", async () => {
  for (const revision of SESSION_REVISIONS) {
    const session = await quickSession(served.url, revision, { headers: good });
    const { reply } = await session.post(session.message("tools/call", { name: "fail" }));
    expect(reply?.result).toMatchObject({ isError: true });
    CANARIES.set(`session id of ${revision}`, session.id ?? "");
  }
  const old = await sse(served.sseUrl, { headers: good });
  await old.initialize();
  await old.request("tools/call", { name: "fail" });
  CANARIES.set("session id of HTTP+SSE", old.endpoint.searchParams.get("sessionId") ?? "");
  old.close();
  expect(new Set(sink.calls.map(({ transport }) => transport))).toEqual(new Set(["http", "sse"]));
  expectNone();
});
