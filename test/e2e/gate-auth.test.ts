import { describe, expect, it } from "vitest";
import { custom, type Principal } from "../../src/index.js";
import { RawSocket, sse } from "../support/raw-http.js";
import { fullSession, initializeMessage, toolCall } from "./fixtures/legacy-client.js";
import { rawRequest, readAnswer, routesOf } from "./fixtures/raw-request.js";
import { type Served, serving } from "./fixtures/serve.js";

const serve = serving();

type Answer = Principal | undefined | Promise<Principal | undefined>;
const garbage: [string, () => unknown][] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["false", () => false],
  ["true", () => true],
  ["a string", () => "admin"],
  ["an empty object", () => ({})],
  ["an array", () => [{ issuer: "a", subject: "b", permissions: [] }]],
  ["a principal without permissions", () => ({ issuer: "a", subject: "b" })],
  ["a principal whose subject is no string", () => ({ issuer: "a", subject: 5, permissions: ["*"] })],
  ["a principal whose permissions are a string", () => ({ issuer: "a", subject: "b", permissions: "*" })],
  ["a function", () => () => ({ issuer: "a", subject: "b", permissions: [] })],
  [
    "a thrown error",
    () => {
      throw new Error("password=hunter2");
    },
  ],
  [
    "a thrown string",
    () => {
      throw "no";
    },
  ],
  [
    "a thrown undefined",
    () => {
      throw undefined;
    },
  ],
  [
    "a thenable that throws",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: what is tested is an object that only looks like a promise
      then: () => {
        throw new Error("no");
      },
    }),
  ],
];

/** A server whose authenticator answers so, and a record of everything that ran in it. */
async function serveWith(answer: () => unknown): Promise<Served & { readonly ran: string[] }> {
  const ran: string[] = [];
  const served = await serve({ auth: custom(() => answer() as Answer) });
  served.mcp.use((request, next) => {
    ran.push(request.method);
    return next();
  });
  return { ...served, ran };
}

const guarded = (served: Served) => routesOf(served.mcp).filter(({ authenticated }) => authenticated);

describe("[74, 77, S21, S22] without a principal there is 401 on every authenticated route, and nothing runs", () => {
  it.each(
    garbage.flatMap(([what, answer]) => [
      [what, answer] as const,
      [`a promise of ${what}`, async () => answer()] as const,
    ]),
  )("%s", async (_what, answer) => {
    const served = await serveWith(answer);
    for (const { method, path } of guarded(served)) {
      for (const body of method === "POST"
        ? [initializeMessage("2025-11-25"), toolCall("release", { key: "x" }), "{"]
        : [undefined]) {
        const reply = await rawRequest(served.origin, { method, path, ...(body !== undefined && { body }) });
        expect({ method, path, status: reply.status }).toEqual({ method, path, status: 401 });
        expect(reply.headers["www-authenticate"]).toMatch(/^Bearer/);
        expect(reply.headers).not.toHaveProperty("mcp-session-id");
        expect(reply.body.toString("utf8")).not.toMatch(/hunter2|admin/);
      }
    }
    expect(served.ran).toEqual([]);
    expect(served.probe.events).toEqual([]);
  });
});

describe("[77, S13] 401 comes before the body is read", () => {
  it.each(["/mcp", "/messages"])("%s", async (path) => {
    const served = await serveWith(() => undefined);
    for (const length of ["content-length: 1000000000", "transfer-encoding: chunked", "content-length: 5"]) {
      const socket = await RawSocket.connect(served.origin);
      const lines = [
        `POST ${path} HTTP/1.1`,
        `host: ${new URL(served.url).host}`,
        "content-type: application/json",
        length,
      ];
      // Not a byte of the body is ever sent.
      await socket.write(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`);
      expect((await readAnswer(socket)).status).toBe(401);
    }
  });

  it("and before anything else is said about the request", async () => {
    const served = await serveWith(() => undefined);
    const headers = { "content-type": "text/plain", "mcp-session-id": "x", "mcp-protocol-version": "1" };
    expect((await rawRequest(served.origin, { method: "POST", headers, body: "x" })).status).toBe(401);
    expect((await rawRequest(served.origin, { headers })).status).toBe(401);
  });
});

describe("credentials are looked at on every request", () => {
  it("[75] so that a session or a stream is none", async () => {
    let principal: Principal | undefined = { issuer: "test", subject: "a", permissions: [] };
    const served = await serve({ auth: custom(() => principal) });
    const session = await fullSession(served.url);
    expect((await session.post(toolCall("echo", { text: "x" }))).status).toBe(200);
    const held = await session.open(toolCall("hold", { key: "k" }, 1, { progressToken: 1 }));
    await held.messages.expect();
    principal = undefined;
    expect((await session.post(toolCall("echo", { text: "x" }))).status).toBe(401);
    const stream = await session.listen();
    stream.close();
    expect(stream.status).toBe(401);
    // The call that was let in goes on to its end.
    served.probe.record("released:k");
    expect(await held.closed).toBe("end");
    principal = { issuer: "test", subject: "a", permissions: [] };
    expect((await session.post(toolCall("echo", { text: "x" }))).status).toBe(200);
  });

  it("late ones too, and calls of one caller wait for nobody else", async () => {
    const waiting: (() => void)[] = [];
    const auth = custom(async (request) => {
      const subject = request.header("x-user") ?? "";
      if (subject === "slow") await new Promise<void>((resolve) => waiting.push(resolve));
      return { issuer: "test", subject, permissions: [] };
    });
    const served = await serve({ auth });
    const call = (user: string) => {
      return rawRequest(served.origin, { method: "POST", headers: { "x-user": user }, body: toolCall("whoami") });
    };
    const slow = call("slow");
    expect((await call("fast")).messages[0]).toMatchObject({
      result: { content: [{ text: expect.stringContaining('"fast"') }] },
    });
    for (const resolve of waiting) resolve();
    expect((await slow).messages[0]).toMatchObject({
      result: { content: [{ text: expect.stringContaining('"slow"') }] },
    });
  });
});

describe("[42, S7] a stream of HTTP+SSE", () => {
  it("takes messages from its owner only, and is resumed by nobody else", async () => {
    const auth = custom((request) => ({ issuer: "test", subject: request.header("x-user") ?? "", permissions: [] }));
    const served = await serve({ auth });
    const mine = await sse(`${served.origin}/sse`, { headers: { "x-user": "a" } });
    await mine.initialize();
    await mine.request("ping");
    const foreign = {
      method: "POST",
      path: `${mine.endpoint.pathname}${mine.endpoint.search}`,
      headers: { "x-user": "b" },
    };
    expect((await rawRequest(served.origin, { ...foreign, body: toolCall("release", { key: "b" }) })).status).toBe(404);
    const { lastEventId } = mine.stream.parser;
    const theirs = await sse(`${served.origin}/sse`, { headers: { "x-user": "b", "last-event-id": lastEventId } });
    expect(theirs.endpoint.search).not.toBe(mine.endpoint.search);
    expect((await mine.request("tools/call", { name: "release", arguments: { key: "a" } })).result).toBeDefined();
    expect(served.probe.events).toEqual(["released:a"]);
    expect(theirs.messages.all).toEqual([]);
    for (const client of [mine, theirs]) client.close();
  });
});

describe("[77] /health and /ready", () => {
  it("need no credentials and say nothing about anybody (security record, 11)", async () => {
    const principal = { issuer: "test", subject: "a", permissions: [] };
    let open = true;
    const served = await serve({ auth: custom(() => (open ? principal : undefined)) });
    const session = await fullSession(served.url);
    const stream = await session.listen();
    open = false;
    for (const [path, text] of [
      ["/health", "ok\n"],
      ["/ready", "ready\n"],
    ] as const) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await rawRequest(served.origin, {
          method,
          path: `${path}?verbose=1`,
          headers: { authorization: "Bearer bad" },
        });
        expect([answer.status, method === "HEAD" ? "" : answer.body.toString("utf8")]).toEqual([
          200,
          method === "HEAD" ? "" : text,
        ]);
        const names = Object.keys(answer.headers).sort();
        const plain = [
          "cache-control",
          "connection",
          "content-length",
          "content-type",
          "date",
          "x-content-type-options",
        ];
        expect(names).toEqual(plain);
      }
      expect((await rawRequest(served.origin, { method: "POST", path, body: {} })).status).toBe(405);
    }
    stream.close();
  });
});
