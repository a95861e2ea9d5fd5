/** The server under fuzz: every kind of thing a server can have, in small. */

import { ToolError } from "../../../src/errors.js";
import { definitionOf, McpServer } from "../../../src/mcp-server.js";
import type { Definition } from "../../../src/server/definition.js";
import type { Limits } from "../../../src/server/limits.js";
import { ResourceTemplate } from "../../../src/server/resource-template.js";
import { compileSchema } from "../../../src/server/schema/index.js";
import type { Logger } from "../../../src/util/logger.js";

/** A secret of the fuzzer's own, so that a token made in one run can be replayed in another. */
export const SECRET = "fuzz-fuzz-fuzz-fuzz";

export const STATIC_URI = "fuzz://static";
export const ITEM_URI = "fuzz://items/7?q=a";

const TEXT = { type: "object", properties: { text: { type: "string", maxLength: 4096 } }, required: ["text"] } as const;
const NUMBERS = {
  type: "object",
  properties: { a: { type: "number" }, b: { type: "integer", default: 1 } },
  required: ["a"],
  additionalProperties: false,
} as const;
const ANYTHING = { type: "object" } as const;
const SUM = { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] } as const;
const MIRRORED = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    count: { type: "integer", "x-mcp-header": "Count" },
    dry: { type: "boolean", "x-mcp-header": "Dry-Run" },
  },
  required: ["region"],
} as const;
const FORM = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;

/** A server and what it wrote to its log that it should not have. */
export interface FuzzedServer {
  readonly mcp: McpServer;
  readonly definition: Definition;
  /** Throws the first complaint since the last call, if there was any. */
  assertQuiet(): void;
}

export function fuzzedServer(limits: Partial<Limits> = {}): FuzzedServer {
  const complaints: string[] = [];
  const logger: Logger = {
    log: (level, event, fields) => {
      if (level === "error" && !isWanted(event, fields)) complaints.push(complaint(event, fields));
    },
  };
  const options = { secret: SECRET, logger, limits, allowedOrigins: ["https://page.test"], store: "memory" } as const;
  const mcp = new McpServer({ name: "fuzz", version: "1.0.0", title: "Fuzz" }, { ...options, instructions: "None." });
  registerTools(mcp);
  registerAskingTools(mcp);
  registerResources(mcp);
  registerPrompts(mcp);
  return {
    mcp,
    definition: definitionOf(mcp),
    assertQuiet: () => {
      const [first] = complaints.splice(0);
      if (first !== undefined) throw new Error(first);
    },
  };
}

/** The evaluator of plain schemas is loaded when it is first needed; results are promises until then. */
export async function loadEvaluator(): Promise<void> {
  await compileSchema({ format: "uri" }, "input").validate("x:y");
}

/** The one handler that fails on purpose. */
function isWanted(event: string, fields: Readonly<Record<string, unknown>>): boolean {
  return event === "handler_failed" && fields.where === "tool fail";
}

function complaint(event: string, fields: Readonly<Record<string, unknown>>): string {
  const { error, ...rest } = fields;
  const text = error instanceof Error ? error.stack : String(error);
  return `the server logged ${event} ${JSON.stringify(rest)}: ${text}`;
}

function registerTools(mcp: McpServer): void {
  mcp.registerTool("echo", { description: "Echoes.", inputSchema: TEXT }, ({ text }) => String(text));
  mcp.registerTool("add", { inputSchema: NUMBERS, outputSchema: SUM }, (args) => {
    const sum = Number(args.a) + Number(args.b);
    return { sum: Number.isFinite(sum) ? sum : 0 };
  });
  // Whatever came goes back, as text and as structure.
  mcp.registerTool("any", { inputSchema: ANYTHING }, (args) => ({ structuredContent: args }));
  mcp.registerTool("late", { inputSchema: TEXT }, async ({ text }) => {
    await Promise.resolve();
    return String(text).length > 1 ? "long" : "short";
  });
  mcp.registerTool("mirror", { inputSchema: MIRRORED }, ({ region }) => String(region));
  mcp.registerTool("speak", { annotations: { readOnlyHint: true } }, async (ctx) => {
    ctx.progress(1, 2, "half");
    ctx.log.info("said", { to: "nobody" });
    await null;
    ctx.progress(2, 2);
    return "spoken";
  });
  mcp.registerTool("blocks", { icons: [{ src: "https://fuzz.test/icon.png" }] }, () => [
    { type: "text" as const, text: "one" },
    { type: "image" as const, data: "AAAA", mimeType: "image/png" },
    { type: "audio" as const, data: "AAAA", mimeType: "audio/wav" },
    { type: "resource_link" as const, uri: STATIC_URI, name: "static" },
    { type: "resource" as const, resource: { uri: STATIC_URI, text: "embedded" } },
  ]);
  mcp.registerTool("fail", {}, () => {
    throw new Error("on purpose");
  });
  mcp.registerTool("refuse", {}, () => {
    throw new ToolError("not today");
  });
  mcp.registerTool("secret", { requires: "fuzz:secret" }, () => "never");
  mcp.registerTool("touch", {}, () => {
    mcp.sendResourceUpdated({ uri: STATIC_URI });
    return "touched";
  });
}

/** A call that joins another one waits for what that one's client says, and is asked nothing itself. */
const ALONE = { dedupe: false };

function registerAskingTools(mcp: McpServer): void {
  mcp.registerTool("ask", ALONE, async (ctx) => {
    const answer = await ctx.elicit({ message: "Who?", requestedSchema: FORM });
    return answer.action;
  });
  mcp.registerTool("steps", { ...ALONE, inputSchema: TEXT }, async (_args, ctx) => {
    const first = await ctx.step("first", () => 1);
    const { action } = await ctx.elicit({ message: "Again?", requestedSchema: FORM });
    const second = await ctx.elicit({ message: "Sure?", requestedSchema: FORM, key: "sure" });
    return `${first} ${action} ${second.action}`;
  });
  mcp.registerTool("sample", ALONE, async (ctx) => {
    const messages = [{ role: "user" as const, content: { type: "text" as const, text: "Hello" } }];
    const { role } = await ctx.sample({ messages, maxTokens: 1 });
    return String(role);
  });
  mcp.registerTool("roots", ALONE, async (ctx) => {
    const roots = await ctx.roots();
    return String(roots.length);
  });
}

function registerResources(mcp: McpServer): void {
  const contents = [{ uri: STATIC_URI, mimeType: "text/plain", text: "static" }];
  mcp.registerResource("static", STATIC_URI, { mimeType: "text/plain", size: 6 }, () => ({ contents }));
  mcp.registerResource("blob", "fuzz://blob", {}, async () => ({ contents: [{ uri: "fuzz://blob", blob: "AAAA" }] }));
  const listed = () => ({ resources: [{ uri: "fuzz://items/1", name: "one" }] });
  const complete = { id: (value: string) => ["1", "2", "30"].filter((one) => one.startsWith(value)) };
  const items = new ResourceTemplate("fuzz://items/{id}{?q}", { list: listed, complete });
  mcp.registerResource("items", items, { title: "Items" }, (_uri, { id }) => ({
    contents: [{ uri: STATIC_URI, text: String(id) }],
  }));
  const files = new ResourceTemplate("fuzz://files/{+path}", { list: undefined });
  mcp.registerResource("files", files, {}, async () => ({ contents }));
}

function registerPrompts(mcp: McpServer): void {
  const said = (text: string) => ({
    messages: [{ role: "user" as const, content: { type: "text" as const, text } }],
  });
  const argsSchema = {
    type: "object",
    properties: { name: { type: "string" }, style: { type: "string" } },
    required: ["name"],
  } as const;
  const complete = { style: async (value: string) => ["plain", "polite"].filter((one) => one.startsWith(value)) };
  mcp.registerPrompt("greet", { argsSchema, complete, title: "Greet" }, ({ name }) => said(`Hello, ${name}`));
  mcp.registerPrompt("ask_prompt", {}, async (ctx) => {
    const { action } = await ctx.elicit({ message: "Which?", requestedSchema: FORM });
    return said(action);
  });
}
