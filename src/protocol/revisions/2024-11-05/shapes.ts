import type { Shapes } from "../types.js";

export const shapes: Shapes = {
  implementation: ["name", "version"],
  tool: ["name", "description", "inputSchema"],
  resource: ["uri", "name", "description", "mimeType", "size", "annotations"],
  resourceTemplate: ["uriTemplate", "name", "description", "mimeType", "annotations"],
  prompt: ["name", "description", "arguments"],
  promptArgument: ["name", "description", "required"],
  capabilities: ["experimental", "logging", "prompts", "resources", "tools"],
  content: ["text", "image", "resource"],
  structured: "none",
};
