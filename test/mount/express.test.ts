import { AsyncLocalStorage } from "node:async_hooks";
import express, { type Express } from "express";
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { modernRequest, open, post } from "../support/raw-http.js";
import { createFixture } from "./fixture.js";
import { listen } from "./serving.js";
import { type Mount, mountSuite } from "./suite.js";

const serve = (app: Express, prefix?: string): Promise<Mount> => listen(app, prefix);

mountSuite("express, the server at the root", () => serve(express().use(createFixture(library).node)));

mountSuite("express, below a path", () => serve(express().use("/x", createFixture(library).node), "/x"));

mountSuite(
  "express.json(), below a path",
  () => serve(express().use(express.json()).use("/x", createFixture(library).node), "/x"),
  { ownParseErrors: false },
);

mountSuite("express, in a router with parameters", () => {
  const router = express.Router().use("/ai", createFixture(library).node);
  return serve(express().use("/teams/:team", router), "/teams/blue/ai");
});

mountSuite("express, one route for each endpoint", () => {
  const app = express();
  app.all(["/mcp", "/sse", "/messages", "/health", "/ready"], createFixture(library).node);
  return serve(app);
});

/** The endpoint itself as the mount point: Express hands over the path `/`. */
mountSuite("express, mounted at the endpoint", () => {
  const { node } = createFixture(library);
  const app = express();
  for (const path of ["/mcp", "/sse", "/messages", "/health", "/ready"]) app.use(`/api${path}`, node);
  return serve(app, "/api");
});

/** What on-headers 1.0 does, inside of compression, express-session and morgan until the summer of 2025. */
mountSuite("express, a middleware that takes a list of headers for pairs", () => {
  const app = express().use((_request, response, next) => {
    const { writeHead } = response;
    response.writeHead = ((status: number, headers?: unknown) => {
      if (Array.isArray(headers)) for (const pair of headers) response.setHeader(pair[0], pair[1]);
      else for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
      return writeHead.call(response, status);
    }) as typeof writeHead;
    next();
  });
  return serve(app.use(createFixture(library).node));
});

it("the caller that the framework found out is the caller, request by request", async () => {
  const caller = new AsyncLocalStorage<library.Principal | undefined>();
  const mcp = new library.McpServer(
    { name: "callers", version: "1" },
    { auth: library.custom(() => caller.getStore()) },
  );
  mcp.registerTool("who", { annotations: { readOnlyHint: true } }, (ctx) => ctx.principal.subject);
  const mount = await serve(
    express().use(express.json(), (request, response) => {
      const subject = request.get("x-user");
      const user = subject === undefined ? undefined : { issuer: "app", subject, permissions: ["*"] };
      caller.run(user, () => mcp.node(request, response));
    }),
  );
  const ask = async (user: Record<string, string>): Promise<unknown> => {
    const { message, headers } = modernRequest("tools/call", { name: "who", arguments: {} });
    const { status, reply } = await post(`${mount.base}/mcp`, message, { headers: { ...headers, ...user } });
    return status === 200 ? (reply?.result as { content: { text: string }[] } | undefined)?.content[0]?.text : status;
  };
  // At once and one after the other, the first of all included.
  const asked = ["ada", "bob", "ada"].map((user) => ask({ "x-user": user }));
  expect(await Promise.all([...asked, ask({})])).toEqual(["ada", "bob", "ada", 401]);
  expect(await ask({})).toBe(401);
  await mount.close();
});

it("a framework that begins a reply of its own while a tool runs is left alone", async () => {
  const mcp = createFixture(library, { limits: { slowCallMs: 1 } });
  const quiet = modernRequest("tools/call", { name: "hang", arguments: { key: "overtaken", quiet: true } });
  const wait = modernRequest("tools/call", { name: "wait_for", arguments: { event: "aborted:overtaken" } });
  const mount = await serve(
    express().use((request, response, next) => {
      if (request.query.late !== undefined) response.status(503).write("too late");
      next();
    }, mcp.node),
  );
  const hanging = await open(`${mount.base}/mcp?late`, { method: "POST", body: quiet.message, headers: quiet.headers });
  expect(hanging.status).toBe(503);
  // Told as by a client that left, when the slow call would have become a stream.
  const { reply } = await post(`${mount.base}/mcp`, wait.message, { headers: wait.headers });
  expect(reply?.result).toMatchObject({ content: [{ text: "aborted:overtaken" }] });
  hanging.close();
  await mount.close();
});

describe("bodies that others have read", () => {
  const { message, headers } = modernRequest("tools/call", { name: "echo", arguments: { text: "read before" } });
  const answered = { content: [{ type: "text", text: "read before" }] };

  it.each([
    ["text", express.text({ type: "application/json" })],
    ["bytes", express.raw({ type: "application/json" })],
  ])("are taken as %s", async (_, parser) => {
    const mount = await serve(express().use(parser, createFixture(library).node));
    const { reply } = await post(`${mount.base}/mcp`, message, { headers });
    expect(reply?.result).toMatchObject(answered);
    await mount.close();
  });

  it("and not handed over are an error of the operator, told at once", async () => {
    const reports: unknown[] = [];
    const logger = { log: (...report: unknown[]) => void reports.push(report) };
    const app = express().use(express.json(), (request, _response, next) => {
      request.body = undefined;
      next();
    });
    const mount = await serve(app.use(createFixture(library, { logger }).node));
    expect((await post(`${mount.base}/mcp`, message, { headers })).status).toBe(500);
    const error = expect.objectContaining({ message: expect.stringContaining("Object.assign(request, { body })") });
    expect(reports).toEqual([["error", "http_failed", { path: "/mcp", error }]]);
    await mount.close();
  });

  it("are refused above the limit, whoever read them", async () => {
    const app = express().use(express.json({ limit: "1mb" }), createFixture(library).node);
    const mount = await serve(app);
    const large = { ...message, filler: "x".repeat(100_000) };
    expect((await post(`${mount.base}/mcp`, large, { headers })).status).toBe(413);
    await mount.close();
  });
});
