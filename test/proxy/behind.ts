/** A Holdfast server of the test's own process with a real nginx in front of it. */
import { type Limits, McpServer, type McpServerOptions, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { Stories } from "../faults/helpers/story.js";
import { freePort, Nginx } from "../support/nginx.js";

/** Where the operator publishes the server; it does not know this path itself. */
const PREFIX = "/api";

export interface BehindOptions {
  /** Directives of the `location` that passes everything on. */
  readonly location?: string;
  /** Directives of the `server` block around it. */
  readonly server?: string;
  /** What follows the address in `listen`. */
  readonly listen?: string;
  readonly limits?: Partial<Limits>;
  /** Default: a server without anything; the tool `story` is added in any case. */
  readonly create?: (options: McpServerOptions) => McpServer;
}

export interface Behind {
  readonly mcp: McpServer;
  readonly nginx: Nginx;
  readonly stories: Stories;
  /** What clients are told, prefix included; `/mcp` and `/sse` follow. */
  readonly base: string;
  /** The server itself, without nginx. */
  readonly direct: string;
  close(): Promise<void>;
}

/** Starts both; nginx knows the server as the upstream `holdfast`, with connections that it keeps. */
export async function behindNginx(options: BehindOptions = {}): Promise<Behind> {
  const { location = "", server = "", listen = "", limits = {}, create = bare } = options;
  const port = await freePort();
  const base = `http://127.0.0.1:${port}${PREFIX}`;
  const mcp = create({ publicUrl: base, logger: silentLogger, limits: { retryMs: 1, ...limits } });
  const stories = new Stories(mcp);
  const handle: RunHandle = await mcp.run({ transport: "http", port: 0, signals: false });
  const { host, origin } = new URL(handle.url ?? "");
  const nginx = await Nginx.start({
    port,
    listen,
    http: `upstream holdfast { server ${host}; keepalive 8; }`,
    server: `${server} location ${PREFIX}/ { proxy_pass http://holdfast/; proxy_set_header Host $http_host; ${location} }`,
  });
  const close = async () => {
    await nginx.stop();
    await handle.close();
  };
  return { mcp, nginx, stories, base, direct: origin, close };
}

function bare(options: McpServerOptions): McpServer {
  return new McpServer({ name: "behind", version: "1.0.0" }, options);
}
