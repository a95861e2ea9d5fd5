import type { McpServer } from "../../src/index.js";

type Library = { readonly McpServer: typeof McpServer };

/** A server with a tool that runs until it is told to finish. */
export function slowServer({ McpServer }: Library) {
  const mcp = new McpServer({ name: "mounted", version: "1" }, { logger: { log() {} } });
  let finish = (_text: string) => {};
  const begun = new Promise<void>((resolve) => {
    mcp.registerTool("slow", { annotations: { readOnlyHint: true } }, () => {
      resolve();
      return new Promise<string>((done) => {
        finish = done;
      });
    });
  });
  return { mcp, begun, finish: (text: string) => finish(text) };
}
