/** A server whose tools count what they do: every start of a handler is kept, with its operation and its end. */
import { randomUUID } from "node:crypto";
import { afterEach } from "vitest";
import {
  type Authenticator,
  custom,
  type Limits,
  McpServer,
  type McpServerOptions,
  type RequestContext,
  type ToolConfig,
} from "../../../src/index.js";
import { definitionOf } from "../../../src/mcp-server.js";
import type { Definition } from "../../../src/server/definition.js";
import { silentLogger } from "../../../src/util/logger.js";
import { type Served, serve } from "../../faults/helpers/server.js";
import { until } from "../../faults/helpers/until.js";

/** Callers by name; without the header, somebody whom nobody vouches for. Permissions are of the moment. */
export const PERMISSIONS: Map<string, readonly string[]> = new Map();
export const BY_HEADER: Authenticator = custom((request) => {
  const subject = request.header("x-user");
  if (subject === undefined) return { issuer: "anonymous", subject: "anonymous", permissions: ["*"] };
  return { issuer: "test", subject, permissions: PERMISSIONS.get(subject) ?? ["*"] };
});

/** Arguments of every tool here. Work with `hold` goes on until the test ends it; `deaf` work does not look at its signal. */
export const WORK_SCHEMA = {
  type: "object",
  properties: {
    of: { type: "string" },
    hold: { type: "boolean", default: false },
    deaf: { type: "boolean" },
    steps: { type: "integer", default: 0 },
  },
  required: ["of"],
} as const;

export interface WorkArgs {
  readonly of: string;
  readonly hold?: boolean;
  readonly deaf?: boolean;
  /** Progress to tell at once. */
  readonly steps?: number;
}

/** One start of a handler. */
export class Start {
  readonly id: string;
  readonly fence: number;
  readonly ctx: RequestContext;
  readonly ended: Promise<unknown>;
  #end: (how: () => unknown) => void = () => undefined;

  constructor(ctx: RequestContext, deaf: boolean) {
    this.ctx = ctx;
    this.id = ctx.operation.id;
    this.fence = ctx.operation.fence;
    const told = new Promise<() => unknown>((resolve) => {
      this.#end = resolve;
    });
    this.ended = new Promise((resolve, reject) => {
      told.then((how) => resolve(how())).catch(reject);
      if (!deaf) ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
    });
  }

  get aborted(): boolean {
    return this.ctx.signal.aborted;
  }

  /** Lets the work end: with a result of its own, or as `how` says. */
  finish(how: () => unknown = () => `held ${randomUUID()}`): void {
    this.#end(how);
  }
}

export class Works {
  readonly #starts = new Map<string, Start[]>();

  /** Registers a tool that takes `WORK_SCHEMA`; what `result` throws or returns is its outcome. */
  register(mcp: McpServer, name: string, config: Partial<ToolConfig<typeof WORK_SCHEMA, undefined>> = {}): void {
    const inputSchema = WORK_SCHEMA;
    mcp.registerTool(name, { ...config, inputSchema }, async (args, ctx) => {
      const { of, hold = false, deaf = false, steps = 0 } = args as unknown as WorkArgs;
      const start = new Start(ctx, deaf);
      this.#starts.set(of, [...this.of(of), start]);
      for (let step = 1; step <= steps; step += 1) ctx.progress(step, steps, `step ${step} of ${of}`);
      // Different at every start: equal results are one outcome.
      return hold ? ((await start.ended) as string) : `done ${randomUUID()}`;
    });
  }

  of(of: string): readonly Start[] {
    return this.#starts.get(of) ?? [];
  }

  count(of: string): number {
    return this.of(of).length;
  }

  /** The nth start (from 1), once it has happened. */
  async started(of: string, nth = 1): Promise<Start> {
    await until(`start ${nth} of ${of}`, () => this.count(of) >= nth);
    return this.of(of)[nth - 1] as Start;
  }

  finishAll(): void {
    for (const starts of this.#starts.values()) for (const start of starts) start.finish();
  }
}

export interface Working extends Served {
  readonly mcp: McpServer;
  readonly app: Definition;
  readonly works: Works;
  /** Resolves when so many calls wait for outcomes. */
  calls(count: number): Promise<void>;
  /** Resolves when nothing is under way: no call, no operation. */
  idle(): Promise<void>;
}

/** The tools that every server here has. */
export function registerWorks(mcp: McpServer, works: Works): void {
  works.register(mcp, "write");
  works.register(mcp, "other");
  works.register(mcp, "read", { annotations: { readOnlyHint: true } });
  works.register(mcp, "again", { dedupe: false });
  works.register(mcp, "order", { idempotencyKey: (args) => `order ${(args as unknown as WorkArgs).of}` });
}

/** Serves on a port of its own what is closed after each test; what is held then is let go. */
export function working(): (limits?: Partial<Limits>, options?: McpServerOptions) => Promise<Working> {
  const running: Working[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.works.finishAll();
      await one.close();
    }
  });
  return async (limits = {}, options = {}) => {
    const info = { name: "works", version: "1.0.0" };
    const mcp = new McpServer(info, { auth: BY_HEADER, logger: silentLogger, ...options, limits });
    const works = new Works();
    registerWorks(mcp, works);
    const app = definitionOf(mcp);
    const one: Working = {
      ...(await serve(mcp)),
      mcp,
      app,
      works,
      calls: (count) => until(`${count} calls`, () => app.calls.size === count),
      idle: () => until("nothing under way", () => app.calls.size === 0 && app.ledger.size === 0),
    };
    running.push(one);
    return one;
  };
}
