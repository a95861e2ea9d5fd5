/** Resources, prompts and completions of the fixture, and the tools that change its lists. */
import { type McpServer, ResourceTemplate } from "holdfast";
import { z } from "zod";
import { PNG } from "./media.js";

export function registerResources(mcp: McpServer): void {
  mcp.registerResource(
    "static-text",
    "test://static-text",
    { description: "A text that does not change.", mimeType: "text/plain" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "A text that does not change." }] }),
  );
  mcp.registerResource(
    "static-binary",
    "test://static-binary",
    { description: "A picture that does not change.", mimeType: "image/png" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "image/png", blob: PNG }] }),
  );
  mcp.registerResource(
    "watched-resource",
    "test://watched-resource",
    { description: "A text to subscribe to.", mimeType: "text/plain" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "A text to subscribe to." }] }),
  );
  mcp.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "Data by id.", mimeType: "application/json" },
    (uri, { id }) => ({
      contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify({ id, data: `of ${id}` }) }],
    }),
  );
}

export function registerPrompts(mcp: McpServer): void {
  const user = (text: string) => ({ role: "user", content: { type: "text", text } }) as const;
  mcp.registerPrompt("test_simple_prompt", { description: "A prompt without arguments." }, () => ({
    messages: [user("A prompt without arguments.")],
  }));
  mcp.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "A prompt that repeats its arguments.",
      argsSchema: z.object({ arg1: z.string().describe("The first"), arg2: z.string().describe("The second") }),
      complete: { arg1: (typed) => ["test-one", "test-two", "other"].filter((value) => value.startsWith(typed)) },
    },
    ({ arg1, arg2 }) => ({ messages: [user(`The first is ${arg1}, the second is ${arg2}.`)] }),
  );
  mcp.registerPrompt(
    "test_prompt_with_embedded_resource",
    {
      description: "A prompt with a resource in it.",
      argsSchema: z.object({ resourceUri: z.string().describe("Which resource") }),
    },
    ({ resourceUri }) => ({
      messages: [
        {
          role: "user",
          content: { type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "The resource." } },
        },
        user("Please read it."),
      ],
    }),
  );
  mcp.registerPrompt("test_prompt_with_image", { description: "A prompt with a picture in it." }, () => ({
    messages: [
      { role: "user", content: { type: "image", data: PNG, mimeType: "image/png" } },
      user("Please look at it."),
    ],
  }));
}

/** The triggers change what is described, not what is listed: other scenarios compare the lists of one run. */
export function registerTriggers(mcp: McpServer): void {
  let changes = 0;
  const tool = mcp.registerTool("test_changing_tool", { description: "Its description changes." }, () => "Nothing.");
  const prompt = mcp.registerPrompt("test_changing_prompt", { description: "Its description changes." }, () => ({
    messages: [{ role: "user", content: { type: "text", text: "Nothing." } }],
  }));
  mcp.registerTool("test_trigger_tool_change", { description: "Changes the list of tools." }, () => {
    tool.update({ description: `Its description changes (${++changes}).` });
    return "The tools changed.";
  });
  mcp.registerTool("test_trigger_prompt_change", { description: "Changes the list of prompts." }, () => {
    prompt.update({ description: `Its description changes (${++changes}).` });
    return "The prompts changed.";
  });
}
