import { createRequire } from "node:module";
import { join } from "node:path";
import type * as ClientModule from "@modelcontextprotocol/client";
import type * as StdioModule from "@modelcontextprotocol/client/stdio";
import { CliError, EXIT } from "./errors.js";

export type Sdk = typeof ClientModule & Pick<typeof StdioModule, "StdioClientTransport">;

const PACKAGE = "@modelcontextprotocol/client";

/**
 * The official client: an optional peer, because a server does not need one. It is looked for beside the command, then in
 * the folder where the command was called.
 */
export async function loadSdk(): Promise<Sdk> {
  try {
    const [client, stdio] = await Promise.all([
      import("@modelcontextprotocol/client"),
      import("@modelcontextprotocol/client/stdio"),
    ]);
    return { ...client, StdioClientTransport: stdio.StdioClientTransport };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const require = createRequire(join(process.cwd(), "package.json"));
  try {
    const client = require(PACKAGE) as typeof ClientModule;
    const stdio = require(`${PACKAGE}/stdio`) as typeof StdioModule;
    return { ...client, StdioClientTransport: stdio.StdioClientTransport };
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new CliError(
      EXIT.usage,
      `This command connects to a server with the official client, ${PACKAGE}, which is not installed.`,
      {
        hint: `npm install --save-dev ${PACKAGE}`,
        cause,
      },
    );
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
