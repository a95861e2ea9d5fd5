import type { Shapes } from "../types.js";

export const shapes: Shapes = {
  implementation: ["name", "version", "title"],
  tool: ["name", "title", "description", "inputSchema", "outputSchema", "annotations", "_meta"],
  resource: ["uri", "name", "title", "description", "mimeType", "size", "annotations", "_meta"],
  resourceTemplate: ["uriTemplate", "name", "title", "description", "mimeType", "annotations", "_meta"],
  prompt: ["name", "title", "description", "arguments", "_meta"],
  promptArgument: ["name", "title", "description", "required"],
  capabilities: ["completions", "experimental", "logging", "prompts", "resources", "tools"],
  content: ["text", "image", "audio", "resource", "resource_link"],
  structured: "object",
};
