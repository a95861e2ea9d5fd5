/**
 * The server that the suite talks to. Given its library, so that one definition runs from `src`, in the built package, in
 * a worker and in Next.js. Tests steer it over MCP itself (`release`, `wait_for`), because some of these are processes of
 * their own.
 */
import { z } from "zod";
import type { McpServer, McpServerOptions } from "../../src/index.js";

type Library = Pick<typeof import("../../src/index.js"), "McpServer">;

/** Small, so that a body above it is still below what frameworks bound by themselves. */
export const MAX_BODY_BYTES = 65_536;
/** The page that the fixture lets call. */
export const ALLOWED_ORIGIN = "https://app.example";

export function createFixture({ McpServer }: Library, options: McpServerOptions = {}): McpServer {
  const mcp = new McpServer(
    { name: "mounted", version: "1.0.0" },
    {
      limits: { maxBodyBytes: MAX_BODY_BYTES },
      allowedOrigins: [ALLOWED_ORIGIN],
      logger: { log: () => undefined },
      ...options,
    },
  );
  const events = new Events();
  const text = z.object({ text: z.string() });
  mcp.registerTool("echo", { inputSchema: text, annotations: { readOnlyHint: true } }, (args) => args.text);
  mcp.registerTool("ask_name", {}, async (ctx) => {
    const answer = await ctx.elicit({ message: "Your name?", requestedSchema: z.object({ name: z.string() }) });
    return answer.action === "accept" ? `Hello, ${answer.content.name}!` : answer.action;
  });
  registerSteering(mcp, events);
  return mcp;
}

function registerSteering(mcp: McpServer, events: Events): void {
  const key = z.object({ key: z.string() });
  mcp.registerTool("hold", { inputSchema: key }, async (args, ctx) => {
    ctx.progress(1, 2, "holding");
    await events.until(`released:${args.key}`);
    return "held";
  });
  mcp.registerTool("release", { inputSchema: key }, (args) => events.record(`released:${args.key}`));
  const hanging = {
    inputSchema: key.extend({ quiet: z.boolean().default(false) }),
    annotations: { readOnlyHint: true },
  };
  mcp.registerTool("hang", hanging, async (args, ctx) => {
    ctx.signal.addEventListener("abort", () => events.record(`aborted:${args.key}`), { once: true });
    if (!args.quiet) ctx.progress(1, 2, "hanging");
    events.record(`started:${args.key}`);
    return events.until(`aborted:${args.key}`);
  });
  mcp.registerTool("wait_for", { inputSchema: z.object({ event: z.string() }) }, (args) => events.until(args.event));
  mcp.registerTool("change_list", {}, () => {
    mcp.sendToolListChanged();
    return "changed";
  });
}

/** What happened inside, to be waited for. */
class Events {
  readonly #seen = new Set<string>();
  readonly #waiting: { readonly event: string; readonly resolve: () => void }[] = [];

  record(event: string): string {
    this.#seen.add(event);
    for (const one of this.#waiting) if (one.event === event) one.resolve();
    return event;
  }

  async until(event: string): Promise<string> {
    if (this.#seen.has(event)) return event;
    // Stands for the I/O of a real tool: workers end a request that waits for nothing of its own.
    const work = setInterval(() => undefined, 60_000);
    await new Promise((resolve) => this.#waiting.push({ event, resolve: () => resolve(undefined) }));
    clearInterval(work);
    return event;
  }
}
