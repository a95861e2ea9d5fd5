import type { Shapes } from "../types.js";

export const shapes: Shapes = {
  implementation: ["name", "version", "title", "description", "websiteUrl", "icons"],
  tool: ["name", "title", "description", "icons", "inputSchema", "outputSchema", "annotations", "_meta"],
  resource: ["uri", "name", "title", "description", "mimeType", "size", "icons", "annotations", "_meta"],
  resourceTemplate: ["uriTemplate", "name", "title", "description", "mimeType", "icons", "annotations", "_meta"],
  prompt: ["name", "title", "description", "icons", "arguments", "_meta"],
  promptArgument: ["name", "title", "description", "required"],
  capabilities: ["completions", "experimental", "logging", "prompts", "resources", "tools"],
  content: ["text", "image", "audio", "resource", "resource_link"],
  structured: "object",
};
