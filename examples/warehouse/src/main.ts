/** MCP and the HTTP API on one port: `/api` is the API's, everything else Holdfast's. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Authenticator, jwt } from "holdfast";
import { banner } from "./banner.js";
import { type AuthConfiguration, readConfiguration } from "./config.js";
import type { Database } from "./db/database.js";
import { openDatabase } from "./db/open.js";
import { createDemo, type DemoCaller } from "./demo.js";
import { createWarehouse, type Warehouse } from "./server.js";

/** Long enough for an order and most comparisons; what takes longer is cut off, and told so. */
const GRACE_MS = 10_000;
/** In the demonstration `sync_warehouse` takes as long as with a real catalogue, so that there is progress to be seen. */
const DEMO_PAUSE_MS = 500;

async function authOf(
  auth: AuthConfiguration,
  database: Database,
): Promise<{ readonly auth: Authenticator; readonly callers: readonly DemoCaller[] }> {
  if (auth.kind === "demo") return createDemo(database);
  return { auth: jwt({ issuer: auth.issuer, audience: auth.audience }), callers: [] };
}

async function main(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const { host, port, databaseUrl, dataDirectory, publicUrl, auth: configured } = configuration;
  const database = await openDatabase({ url: databaseUrl, directory: dataDirectory, seed: configuration.seed });
  const { auth, callers } = await authOf(configured, database);
  const warehouse = createWarehouse({
    database,
    auth,
    publicUrl,
    tenantClaims: configuration.tenantClaims,
    fallbackTenant: configuration.fallbackTenant,
    syncPauseMs: configured.kind === "demo" ? DEMO_PAUSE_MS : 0,
  });
  const server = createServer((request, response) => {
    if (/^\/api(?:[/?]|$)/.test(request.url ?? "")) warehouse.api(request, response);
    else warehouse.mcp.node(request, response);
  });
  await listen(server, port, host);
  stopOnSignals(server, warehouse);
  process.stdout.write(
    banner({
      base: publicUrl?.replace(/\/$/, "") ?? urlOf(server, host),
      issuer: configured.kind === "issuer" ? configured.issuer : undefined,
      database: databaseUrl === undefined ? `embedded, ${dataDirectory ?? "in memory"}` : "PostgreSQL",
      demo: callers,
    }),
  );
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The first signal lets what is under way end, the second does not wait. */
function stopOnSignals(server: Server, warehouse: Warehouse): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    server.close();
    server.closeIdleConnections();
    await warehouse.close();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop());
}

main().catch((error: unknown) => {
  process.stderr.write(`warehouse could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
