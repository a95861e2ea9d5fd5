/** Tools that answer at once, stream, or need something of the client: what the suite calls on both revisions. */
import { setTimeout as delay } from "node:timers/promises";
import { type McpServer, ToolError } from "holdfast";
import { z } from "zod";
import { PNG, WAV } from "./media.js";

/** Pretended work, so that what is streamed arrives as more than one chunk. */
const STEP_MS = 20;
/** How long the work goes on after the stream of test_reconnection is closed. */
const RECONNECTION_MS = 100;

export function registerTools(mcp: McpServer): void {
  // First in the list: http-header-validation calls the first tool with no arguments, and it must succeed.
  mcp.registerTool("test_simple_text", { description: "Returns a line of text." }, () => "A line of text.");
  registerContent(mcp);
  registerStreaming(mcp);
  registerSchemas(mcp);
}

function registerContent(mcp: McpServer): void {
  const image = { type: "image", data: PNG, mimeType: "image/png" } as const;
  const embedded = (uri: string, text: string) => {
    return { type: "resource", resource: { uri, mimeType: "text/plain", text } } as const;
  };
  mcp.registerTool("test_image_content", { description: "Returns a picture." }, () => [image]);
  mcp.registerTool("test_audio_content", { description: "Returns a sound." }, () => [
    { type: "audio", data: WAV, mimeType: "audio/wav" },
  ]);
  mcp.registerTool("test_embedded_resource", { description: "Returns a resource inside its result." }, () => [
    embedded("test://embedded-resource", "An embedded resource."),
  ]);
  mcp.registerTool("test_multiple_content_types", { description: "Returns text, a picture and a resource." }, () => [
    { type: "text", text: "Three kinds of content." },
    image,
    embedded("test://mixed-content-resource", "The third of them."),
  ]);
  mcp.registerTool("test_error_handling", { description: "Always fails." }, () => {
    throw new ToolError("This tool fails on purpose.");
  });
}

function registerStreaming(mcp: McpServer): void {
  mcp.registerTool("test_tool_with_progress", { description: "Reports its progress." }, async (ctx) => {
    for (const done of [0, 50, 100]) {
      ctx.progress(done, 100, `${done} of 100`);
      await delay(STEP_MS, undefined, { signal: ctx.signal });
    }
    return "All done.";
  });
  mcp.registerTool("test_tool_with_logging", { description: "Logs while it works." }, async (ctx) => {
    for (const message of ["started", "working", "finished"]) {
      ctx.log.info(message);
      await delay(STEP_MS, undefined, { signal: ctx.signal });
    }
    return "Three messages were logged.";
  });
  mcp.registerTool("test_logging_tool", { description: "Logs once, to clients that asked for logs." }, (ctx) => {
    ctx.log.warning("only for those who asked");
    return "Logged.";
  });
  mcp.registerTool("test_reconnection", { description: "Closes its stream and goes on." }, async (ctx) => {
    ctx.closeStream();
    await delay(RECONNECTION_MS, undefined, { signal: ctx.signal });
    return "You came back for this.";
  });
}

function registerSchemas(mcp: McpServer): void {
  mcp.registerTool(
    "test_x_mcp_header",
    {
      description: "Has an argument that HTTP clients repeat in a header.",
      inputSchema: {
        type: "object",
        properties: { region: { type: "string", description: "Where to run.", "x-mcp-header": "Region" } },
        required: ["region"],
      },
    },
    ({ region }) => `Ran in ${region}.`,
  );
  mcp.registerTool(
    "json_schema_2020_12_tool",
    { description: "Has an input schema that uses much of JSON Schema 2020-12.", inputSchema: contactSchema },
    (args) => `Accepted ${JSON.stringify(args)}.`,
  );
  mcp.registerTool(
    "test_structured_content",
    {
      description: "Returns structured content that fits its output schema.",
      inputSchema: z.object({ items: z.array(z.number()).default([]) }),
      outputSchema: z.object({ count: z.number(), sum: z.number() }),
    },
    ({ items }) => ({ count: items.length, sum: items.reduce((sum, item) => sum + item, 0) }),
  );
}

/** Each keyword in it must reach `tools/list` untouched; which ones, the suite's scenario json-schema-2020-12 says. */
const contactSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
} as const;
