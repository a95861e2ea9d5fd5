/** A tool whose every step the test decides: it speaks when told to and ends when told to, no timer is involved. */
import type { McpServer, RequestContext } from "../../../src/index.js";
import type { WireObject } from "../../support/wire-schema.js";

/** Characters of one, two, three and four bytes, and what a careless framing would take for a line of its own. */
const TEXT = 'é€😀\u2028"\n\ndata: x\nid: 9\r';

export const STEPS = 12;

/** What a client must get for a call told to its end, the answer included. */
export function expectedMessages(id: string | number, token: string | number, from = 0): WireObject[] {
  const steps = Array.from({ length: STEPS }, (_, index) => expectedStep(index, token));
  return [...steps.slice(from), { jsonrpc: "2.0", id, result: { content: [{ type: "text", text: TEXT }] } }];
}

function expectedStep(index: number, token: string | number): WireObject {
  if (index % 3 === 2) {
    const params = { level: "info", data: `${index + 1} ${TEXT}` };
    return { jsonrpc: "2.0", method: "notifications/message", params };
  }
  const params = { progressToken: token, progress: index + 1 };
  return { jsonrpc: "2.0", method: "notifications/progress", params };
}

/** One call of the tool, in the hands of the test. */
export class Story {
  told = 0;
  ended = false;
  readonly begun: Promise<RequestContext>;
  #begin: (ctx: RequestContext) => void = () => undefined;
  #ctx: RequestContext | undefined;
  #end: (text: string) => void = () => undefined;

  constructor() {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  run(ctx: RequestContext): Promise<string> {
    this.#ctx = ctx;
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#begin(ctx);
    });
  }

  get ctx(): RequestContext {
    if (this.#ctx === undefined) throw new Error("the call has not begun");
    return this.#ctx;
  }

  /** Speaks until `steps` notifications have been sent in all. */
  tell(steps: number = STEPS): void {
    for (; this.told < Math.min(steps, STEPS); this.told += 1) {
      const step = this.told + 1;
      if (step % 3 === 0) this.ctx.log.info(`${step} ${TEXT}`);
      else this.ctx.progress(step);
    }
  }

  /** Speaks until `steps` notifications have been sent in all; more than there are means the answer too. */
  async advance(steps: number): Promise<void> {
    if (this.ended) return;
    if (steps > STEPS) await this.finish();
    else this.tell(steps);
  }

  /** Answers; the answer is on its way when this resolves. */
  async finish(): Promise<void> {
    this.tell();
    this.ended = true;
    this.#end(TEXT);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Stories by name; `tools/call story { name }` begins one. */
export class Stories {
  readonly #stories = new Map<string, Story>();

  constructor(mcp: McpServer) {
    const inputSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;
    mcp.registerTool("story", { inputSchema }, (args, ctx) => this.get(String(args.name)).run(ctx));
  }

  get(name: string): Story {
    let story = this.#stories.get(name);
    if (story === undefined) {
      story = new Story();
      this.#stories.set(name, story);
    }
    return story;
  }

  /** Parameters of the call that begins the story, with a progress token. */
  params(name: string, token: string | number = 7): WireObject {
    return { name: "story", arguments: { name }, _meta: { progressToken: token } };
  }
}

/** When the rest of a story is told: at once, while nobody is connected, or to the connection that came back. */
export const TIMINGS = ["burst", "gap", "live"] as const;
export type Timing = (typeof TIMINGS)[number];

/** Offsets at which the blocks of an event stream end; JSON has no raw line breaks, so a blank line is a block's end. */
export function blockEnds(raw: Buffer): readonly number[] {
  const ends: number[] = [];
  for (let at = raw.indexOf("\n\n"); at >= 0; at = raw.indexOf("\n\n", at + 2)) ends.push(at + 2);
  return ends;
}

/** The blocks of one whole telling, as measured. */
export interface Shape {
  /** Offset after each block. */
  readonly ends: readonly number[];
  /** Number of the event that the first block is. */
  readonly firstSeq: number;
  /** Index of the block that is the first notification. */
  readonly firstStep: number;
}

/**
 * How much must be told so that a connection which resumes after `eventId` (the first one: undefined) can be cut after
 * `cut` bytes; `STEPS + 1` stands for the answer too. Without a cut everything must be told.
 */
export function stepsFor(shape: Shape, eventId: string | undefined, cut: number | undefined): number {
  if (cut === undefined) return STEPS + 1;
  const { ends, firstSeq, firstStep } = shape;
  const start = eventId === undefined ? 0 : (ends[seqOf(eventId) - firstSeq] ?? 0);
  const block = ends.findIndex((end) => end >= start + cut);
  // A response stream opens with the first notification, so something must be said even for a cut before it.
  return block < 0 ? STEPS + 1 : Math.max(1, block + 1 - firstStep);
}

/** The place in its stream that an event id names. */
export function seqOf(eventId: string): number {
  return Number(/_(\d+)$/.exec(eventId)?.[1] ?? 0);
}
