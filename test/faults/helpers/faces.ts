/** One definition behind every way to serve it over HTTP in one process. */
import type { McpServer, RunHandle } from "../../../src/index.js";
import { serve } from "./server.js";

export interface Faces {
  /** `run()` and `mcp.node`, by their name: `http://127.0.0.1:port`. */
  readonly bases: Readonly<Record<"run" | "node", string>>;
  close(): Promise<unknown>;
}

/** Serves what `create` makes by `run()` and mounted in a server of `node:http`. */
export async function serveFaces(create: () => McpServer): Promise<Faces> {
  const handle: RunHandle = await create().run({ transport: "http", port: 0, signals: false });
  const mounted = await serve(create());
  return {
    bases: { run: new URL(handle.url ?? "").origin, node: mounted.base },
    close: () => Promise.all([handle.close(), mounted.close()]),
  };
}
