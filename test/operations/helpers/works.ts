/** Servers with the tools that count what they do, each on a port of its own. */
import { afterEach } from "vitest";
import { type Authenticator, custom, type Limits, McpServer, type McpServerOptions } from "../../../src/index.js";
import { definitionOf } from "../../../src/mcp-server.js";
import type { Definition } from "../../../src/server/definition.js";
import { silentLogger } from "../../../src/util/logger.js";
import { type Served, serve } from "../../faults/helpers/server.js";
import { until } from "../../faults/helpers/until.js";
import { registerWorks, Works } from "./tools.js";

/** Callers by name; without the header, somebody whom nobody vouches for. Permissions are of the moment. */
export const PERMISSIONS: Map<string, readonly string[]> = new Map();
export const BY_HEADER: Authenticator = custom((request) => {
  const subject = request.header("x-user");
  if (subject === undefined) return { issuer: "anonymous", subject: "anonymous", permissions: ["*"] };
  return { issuer: "test", subject, permissions: PERMISSIONS.get(subject) ?? ["*"] };
});

export interface Working extends Served {
  readonly mcp: McpServer;
  readonly app: Definition;
  readonly works: Works;
  /** Resolves when so many calls wait for outcomes. */
  calls(count: number): Promise<void>;
  /** Resolves when nothing is under way: no call, no operation. */
  idle(): Promise<void>;
}

/** Serves on a port of its own what is closed after each test; what is held then is let go. */
export function working(): (limits?: Partial<Limits>, options?: McpServerOptions) => Promise<Working> {
  const running: Working[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.works.finishAll();
      await one.close();
    }
  });
  return async (limits = {}, options = {}) => {
    const info = { name: "works", version: "1.0.0" };
    const mcp = new McpServer(info, { auth: BY_HEADER, logger: silentLogger, ...options, limits });
    const works = new Works();
    registerWorks(mcp, works);
    const app = definitionOf(mcp);
    const one: Working = {
      ...(await serve(mcp)),
      mcp,
      app,
      works,
      calls: (count) => until(`${count} calls`, () => app.calls.size === count),
      idle: () => until("nothing under way", () => app.calls.size === 0 && app.ledger.size === 0),
    };
    running.push(one);
    return one;
  };
}
