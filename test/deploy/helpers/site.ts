/** A Holdfast server of the test's own process behind a real proxy that runs the generated configuration. */
import { type DeployFacts, generateDeployment } from "../../../src/deploy/index.js";
import { type Limits, McpServer, type McpServerOptions, type RunHandle } from "../../../src/index.js";
import { silentLogger } from "../../../src/util/logger.js";
import { Stories } from "../../faults/helpers/story.js";
import { freePort } from "../../support/nginx.js";
import { FrontProxy, type ProxyKind } from "./proxy.js";

export interface SiteOptions {
  readonly facts?: Partial<DeployFacts>;
  readonly limits?: Partial<Limits>;
  readonly server?: McpServerOptions;
  /** Path under which it is published. */
  readonly prefix?: string;
  readonly scheme?: "http" | "https";
  /** Of the generated text, for places that a test cannot have. */
  readonly edit?: (configuration: string) => string;
}

export interface Site {
  readonly mcp: McpServer;
  readonly stories: Stories;
  readonly proxy: FrontProxy;
  /** What clients are told, prefix included; `/mcp` and `/sse` follow. */
  readonly base: string;
  /** The endpoint without the proxy. */
  readonly direct: string;
  close(): Promise<void>;
}

/** What stands in the file that is generated for a proxy. */
export function configurationOf(kind: ProxyKind, facts: DeployFacts): string {
  const [file] = generateDeployment(kind, facts);
  if (file === undefined) throw new Error(`nothing was generated for ${kind}`);
  return file.content;
}

export async function site(kind: ProxyKind, options: SiteOptions = {}): Promise<Site> {
  const { facts = {}, limits = {}, prefix = "", scheme = "http", edit = (text) => text } = options;
  const port = await freePort();
  const base = `${scheme}://127.0.0.1:${port}${prefix}`;
  const own = { publicUrl: base, logger: silentLogger, limits: { retryMs: 1, ...limits } };
  const mcp = new McpServer({ name: "site", version: "1.0.0" }, { ...own, ...options.server });
  const stories = new Stories(mcp);
  const handle: RunHandle = await mcp.run({ transport: "http", port: 0, signals: false });
  const direct = handle.url ?? "";
  const configuration = configurationOf(kind, {
    name: "site",
    publicUrl: base,
    listenHost: "127.0.0.1",
    port: Number(new URL(direct).port),
    ...facts,
  });
  const proxy = await FrontProxy.start({ kind, port, configuration: edit(configuration) });
  const close = async () => {
    await proxy.stop();
    await handle.close();
  };
  return { mcp, stories, proxy, base, direct, close };
}
