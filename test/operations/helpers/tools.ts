/** Tools that count what they do: every start of a handler is kept, with its operation and its end. */
import { randomUUID } from "node:crypto";
import type { McpServer, RequestContext, ToolConfig } from "../../../src/index.js";
import { until } from "../../faults/helpers/until.js";

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

/** The tools that every server here has. */
export function registerWorks(mcp: McpServer, works: Works): void {
  works.register(mcp, "write");
  works.register(mcp, "other");
  works.register(mcp, "read", { annotations: { readOnlyHint: true } });
  works.register(mcp, "again", { dedupe: false });
  works.register(mcp, "order", { idempotencyKey: (args) => `order ${(args as unknown as WorkArgs).of}` });
}
