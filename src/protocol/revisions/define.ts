import { isObject, pick } from "../../util/json.js";
import type { CallToolResult, ContentBlock, GetPromptResult, Tool } from "../types.js";
import type { Features, Methods, ProtocolVersion, Revision, Shapes } from "./types.js";

/** Builds a revision from the three tables of its folder. */
export function defineRevision(
  version: ProtocolVersion,
  parts: { readonly methods: Methods; readonly shapes: Shapes; readonly features: Features },
): Revision {
  const { methods, shapes, features } = parts;
  const known = new Set(shapes.content);
  return {
    ...features,
    version,
    requests: new Set(methods.requests),
    notifications: new Set(methods.notifications),
    implementation: (info) => pick(info, shapes.implementation),
    capabilities: (capabilities) => pick(capabilities, shapes.capabilities),
    tool: (tool) => encodeTool(tool, shapes),
    resource: (resource) => pick(resource, shapes.resource),
    resourceTemplate: (template) => pick(template, shapes.resourceTemplate),
    prompt: (prompt) => {
      const encoded = pick(prompt, shapes.prompt);
      if (prompt.arguments) encoded.arguments = prompt.arguments.map((one) => pick(one, shapes.promptArgument));
      return encoded;
    },
    callResult: (result) => encodeCallResult(result, shapes, known),
    promptResult: (result) => encodePromptResult(result, known),
  };
}

function encodeTool(tool: Tool, shapes: Shapes): object {
  const encoded = pick(tool, shapes.tool);
  // Up to 2025-11-25 an output schema describes an object; any other kind is the business of 2026-07-28 clients.
  if (shapes.structured !== "any" && encoded.outputSchema !== undefined && tool.outputSchema?.type !== "object") {
    delete encoded.outputSchema;
  }
  return encoded;
}

function encodeCallResult(result: CallToolResult, shapes: Shapes, known: ReadonlySet<string>): object {
  const content = downgradeAll(result.content, known);
  const drop = result.structuredContent !== undefined && !carriesStructured(result.structuredContent, shapes);
  if (content === result.content && !drop) return result;
  const { structuredContent, ...rest } = result;
  return drop ? { ...rest, content } : { ...rest, content, structuredContent };
}

function carriesStructured(value: unknown, shapes: Shapes): boolean {
  return shapes.structured === "any" || (shapes.structured === "object" && isObject(value));
}

function encodePromptResult(result: GetPromptResult, known: ReadonlySet<string>): object {
  if (result.messages.every((message) => known.has(message.content.type))) return result;
  const messages = result.messages.map((message) => ({ ...message, content: downgrade(message.content, known) }));
  return { ...result, messages };
}

function downgradeAll(content: readonly ContentBlock[], known: ReadonlySet<string>): readonly ContentBlock[] {
  for (const block of content) {
    if (!known.has(block.type)) return content.map((one) => downgrade(one, known));
  }
  return content;
}

/** A block that an old revision has no type for, said with the types it has: audio as a blob, a link as text. */
function downgrade(block: ContentBlock, known: ReadonlySet<string>): ContentBlock {
  if (known.has(block.type)) return block;
  if (block.type === "audio") {
    const uri = "holdfast://content/audio";
    return { type: "resource", resource: { uri, mimeType: block.mimeType, blob: block.data } };
  }
  if (block.type === "resource_link") {
    const description = block.description === undefined ? "" : ` (${block.description})`;
    return { type: "text", text: `${block.title ?? block.name}: ${block.uri}${description}` };
  }
  return { type: "text", text: JSON.stringify(block) };
}
