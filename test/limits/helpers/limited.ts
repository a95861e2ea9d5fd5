/** A server with small bounds, tools that can be made to load it, and what it wrote to its log. */
import { afterEach, expect } from "vitest";
import { custom, type Limits, McpServer, type McpServerOptions } from "../../../src/index.js";
import { definitionOf } from "../../../src/mcp-server.js";
import type { Definition } from "../../../src/server/definition.js";
import { type Served, serve } from "../../faults/helpers/server.js";
import { until } from "../../faults/helpers/until.js";
import { modernRequest, open, post, type RawResponse, type RawStream } from "../../support/raw-http.js";
import type { WireObject } from "../../support/wire-schema.js";

export interface Logged {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LimitedServer {
  readonly mcp: McpServer;
  readonly app: Definition;
  readonly logged: readonly Logged[];
  /** Lets every call of `hold` and of `say` with `hold` end, now and later. */
  release(): void;
  /** Resolves when they may end. */
  readonly released: Promise<void>;
  /** Resolves when so many calls are in flight. */
  holding(calls: number): Promise<void>;
  /** Resolves when no call is in flight and no byte of bodies and slow readers is counted. */
  idle(): Promise<void>;
  /** As `idle`, and no stream is remembered either. */
  settled(): Promise<void>;
}
export type Limited = LimitedServer & Served;

/** Callers by the header `x-user`; without it, somebody whom nobody vouches for. */
const BY_HEADER = custom((request) => {
  const subject = request.header("x-user");
  if (subject === undefined) return { issuer: "anonymous", subject: "anonymous", permissions: [] };
  return { issuer: "test", subject, permissions: ["*"] };
});

const whole = (names: readonly string[]) => {
  const properties = Object.fromEntries(names.map((name) => [name, { type: "integer" }]));
  return { type: "object", properties } as const;
};
/** Reads: what may have effects is also kept track of, and equal calls are one. */
const annotations = { readOnlyHint: true };

/** The server alone; `serving` below puts it on a port. */
export function limitedServer(limits: Partial<Limits>, options: McpServerOptions = {}): LimitedServer {
  const logged: Logged[] = [];
  const logger = {
    log: (level: string, event: string, fields: Logged["fields"]) => logged.push({ level, event, fields }),
  };
  const mcp = new McpServer({ name: "limited", version: "1.0.0" }, { auth: BY_HEADER, logger, ...options, limits });
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  mcp.registerTool("quick", { annotations }, () => "quick");
  mcp.registerTool("hold", { annotations }, async () => {
    await released;
    return "held";
  });
  mcp.registerTool("say", { annotations, inputSchema: whole(["count", "size", "hold"]) }, async (args, ctx) => {
    const { count = 1, size = 0, hold = 0 } = args as { count?: number; size?: number; hold?: number };
    for (let step = 1; step <= count; step += 1) ctx.progress(step, count, "x".repeat(size));
    if (hold > 0) await released;
    return "said";
  });
  mcp.registerTool("large", { annotations, inputSchema: whole(["size"]) }, (args) => "x".repeat(Number(args.size)));
  mcp.registerResource("large", "test://large", {}, (uri) => ({
    contents: [{ uri: uri.href, text: "x".repeat(10_000) }],
  }));
  const app = definitionOf(mcp);
  return {
    mcp,
    app,
    logged,
    release,
    released,
    holding: (calls) => until(`${calls} calls are in flight`, () => app.calls.size === calls),
    idle: () => until("no call and no byte is left", () => isIdle(app)),
    settled: () => until("nothing is left", () => isIdle(app) && app.budgets.streams.used === 0),
  };
}

function isIdle({ calls, budgets }: Definition): boolean {
  return calls.size === 0 && budgets.bodies.used === 0 && budgets.queues.used === 0;
}

/** Serves on a port of its own what is closed after each test. */
export function serving(): (limits?: Partial<Limits>, options?: McpServerOptions) => Promise<Limited> {
  const running: Limited[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.release();
      await one.close();
    }
  });
  return async (limits = {}, options = {}) => {
    const server = limitedServer(limits, options);
    const limited = { ...server, ...(await serve(server.mcp)) };
    running.push(limited);
    return limited;
  };
}

export interface By {
  readonly user?: string;
  readonly signal?: AbortSignal;
  readonly progressToken?: number;
}

function built(method: string, params: WireObject, { user, progressToken }: By) {
  const request = modernRequest(method, params, progressToken === undefined ? {} : { progressToken });
  return { message: request.message, headers: { ...request.headers, "x-user": user } };
}

/** One request of 2026-07-28, which needs no session. */
export function ask(url: string, method: string, params: WireObject = {}, by: By = {}): Promise<RawResponse> {
  const { message, headers } = built(method, params, by);
  return post(url, message, { headers, ...(by.signal && { signal: by.signal }) });
}

/** One tool call of 2026-07-28. */
export function call(url: string, name: string, args: WireObject = {}, by: By = {}): Promise<RawResponse> {
  return ask(url, "tools/call", { name, arguments: args }, by);
}

/** A `subscriptions/listen` stream of 2026-07-28, or the refusal of one. */
export function listen(url: string, by: By = {}): Promise<RawStream> {
  const { message, headers } = built("subscriptions/listen", { notifications: { toolsListChanged: true } }, by);
  return open(url, { method: "POST", body: message, headers });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** 503, and when to come back. */
export function expectBusy({ status, headers }: Answer): void {
  expect({ status, retryAfter: Number(headers["retry-after"]) }).toEqual({ status: 503, retryAfter: 5 });
}

/** 503 with the JSON-RPC error of whoever asked too much, in words that name what there is too much of. */
export function expectUnavailable(answer: RawResponse, words: RegExp): void {
  expectBusy(answer);
  expect(answer.reply).toMatchObject({ error: { code: 1503, message: expect.stringMatching(words) } });
}

/** The text of a tool's result. */
export function textOf(message: WireObject | undefined): string {
  const { content } = (message?.result ?? {}) as { readonly content?: readonly { readonly text?: string }[] };
  return String(content?.[0]?.text);
}

export async function expectServed(answer: Promise<RawResponse>, text = "quick"): Promise<void> {
  const { status, reply } = await answer;
  expect([status, textOf(reply)]).toEqual([200, text]);
}
