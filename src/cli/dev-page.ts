import { readFileSync } from "node:fs";
import type { DevLog } from "../dev/log.js";
import type { Offer, Problem } from "../dev/page-types.js";
import { PAGE_CLIENT } from "../dev/traffic.js";
import type { Upstream } from "../dev/upstream.js";
import { RUN_OPTIONS } from "../runtimes/run-options.js";
import { connectionOptionsOf } from "./connection-options.js";
import { CliError, usage } from "./errors.js";

export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

export interface PageParts {
  readonly url: URL;
  readonly log: DevLog;
  readonly upstream: Upstream;
  readonly options: Readonly<Record<string, unknown>>;
  readonly restart: () => void;
}

/** Made by scripts/build.mjs from src/dev/page/. */
const SCRIPT = new URL("dev-page.js", import.meta.url);

/** The page and its client, which is the official one; loaded only where a page is wanted. */
export async function createPage({ url, log, upstream, options, restart }: PageParts): Promise<Page> {
  const { PageServer } = await import("../dev/page-server.js");
  const { PageSession } = await import("../dev/page-session.js");
  const { connect } = await import("./connect.js");
  const { offerOf } = await import("./list.js");
  const { token, header } = options;
  const session = new PageSession({
    log,
    upstream,
    connect: ({ revision, capabilities, prepare }) =>
      connect(
        { kind: "url", url, label: url.href },
        // Keys are listened for on the terminal: nobody can be asked to log in there.
        { ...connectionOptionsOf({ token, header, login: false }), revision, transport: "http" },
        { capabilities, prepare, name: PAGE_CLIENT },
      ),
    offerOf: async (connection) => {
      const { timeoutMs } = connectionOptionsOf({});
      return (await offerOf(connection, timeoutMs)) as unknown as Offer;
    },
    problemOf,
  });
  const port = RUN_OPTIONS.port.parse(options.pagePort ?? "0", "--page-port");
  const server = new PageServer({ session, port, script: readFileSync(SCRIPT, "utf8"), restart });
  try {
    return { url: await server.listen(), close: () => server.close() };
  } catch (error) {
    throw usage(
      `The page cannot listen on port ${port}: ${(error as Error).message}`,
      "Choose another with --page-port.",
    );
  }
}

function problemOf(error: unknown): Problem {
  const { message, hint } = error instanceof CliError ? error : { message: textOf(error), hint: undefined };
  const { code, data } = (error ?? {}) as { readonly code?: unknown; readonly data?: unknown };
  return {
    message,
    ...(hint !== undefined && { hint }),
    ...(typeof code === "number" && { code }),
    ...(data !== undefined && typeof code === "number" && { data }),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
