/** The warehouse as an operator starts it: what its environment must say, and the demonstration. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigurationError, readConfiguration } from "../../examples/warehouse/src/config.js";
import { killed } from "../support/killed.js";
import { modernRequest, post } from "../support/raw-http.js";

const MAIN = fileURLToPath(new URL("../../examples/warehouse/src/main.ts", import.meta.url));
const ISSUER = { AUTH_ISSUER: "https://issuer.example.com/", AUTH_AUDIENCE: "https://warehouse.example.com/mcp" };

describe("configuration", () => {
  it("[S1, S22] lets nobody in without authentication", () => {
    expect(() => readConfiguration({})).toThrow(/AUTH_ISSUER is not set.*WAREHOUSE_DEMO=1/);
    expect(() => readConfiguration({ WAREHOUSE_DEMO: "true" })).toThrow(ConfigurationError);
    expect(() => readConfiguration({ AUTH_ISSUER: ISSUER.AUTH_ISSUER })).toThrow(/AUTH_AUDIENCE is not set/);
    expect(() => readConfiguration({ ...ISSUER, WAREHOUSE_DEMO: "1" })).toThrow(/exclude each other/);
    expect(() => readConfiguration({ WAREHOUSE_DEMO: "1", HOST: "0.0.0.0" })).toThrow(/loopback only/);
    expect(() => readConfiguration({ ...ISSUER, PORT: "http" })).toThrow(/PORT/);
  });

  it("reads what is set, and takes empty for not set", () => {
    const empty = { HOST: "", PORT: " ", DATABASE_URL: "", WAREHOUSE_TENANT_CLAIM: "" };
    expect(readConfiguration({ ...ISSUER, ...empty })).toMatchObject({
      host: "127.0.0.1",
      port: 8000,
      databaseUrl: undefined,
      tenantClaims: undefined,
      seed: false,
      auth: { kind: "issuer", issuer: ISSUER.AUTH_ISSUER, audience: [ISSUER.AUTH_AUDIENCE] },
    });
    const more = { AUTH_AUDIENCE: "a, b", WAREHOUSE_TENANT_CLAIM: "https://x/tenant, org_id", WAREHOUSE_SEED: "1" };
    expect(readConfiguration({ ...ISSUER, ...more })).toMatchObject({
      tenantClaims: ["https://x/tenant", "org_id"],
      seed: true,
      auth: { audience: ["a", "b"] },
    });
  });
});

describe("main.ts", () => {
  let child: ChildProcess | undefined;
  afterEach(async () => {
    if (child !== undefined) await killed(child);
  });

  /** Resolves with what it printed, once that `matches`, or when it has ended. */
  async function start(env: Record<string, string>, matches: RegExp): Promise<string> {
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:AUTH|MCP|WAREHOUSE)_/.test(name)),
    );
    const started = spawn(process.execPath, ["--import", "tsx", MAIN], {
      env: { ...clean, PORT: "0", DATABASE_URL: "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    let output = "";
    return new Promise((resolve) => {
      const read = (text: string) => {
        output += text;
        if (matches.test(output)) resolve(output);
      };
      started.stdout.setEncoding("utf8").on("data", read);
      started.stderr.setEncoding("utf8").on("data", read);
      started.once("exit", () => resolve(output));
    });
  }

  it("refuses to start without authentication", async () => {
    const output = await start({}, /\n$/);
    expect(output).toMatch(/^warehouse could not start: AUTH_ISSUER is not set/);
    if (child?.exitCode === null) await once(child, "exit");
    expect(child?.exitCode).toBe(1);
  });

  it("serves both halves on one port to the callers of the demonstration, and stops when told", async () => {
    const output = await start({ WAREHOUSE_DEMO: "1" }, /Ask: /);
    const base = /MCP {4}(http:\/\/127\.0\.0\.1:\d+)\/mcp/.exec(output)?.[1] ?? "";
    const key = (name: string) => new RegExp(`^ {2}(${name}-[0-9a-f]{32})$`, "m").exec(output)?.[1] ?? "";
    const list = async (authorization?: string) => {
      const { message, headers } = modernRequest("tools/list");
      const answer = await post(`${base}/mcp`, message, { headers: { ...headers, authorization } });
      const tools = (answer.reply?.result as { tools?: { name: string }[] } | undefined)?.tools;
      return tools?.map(({ name }) => name) ?? answer.status;
    };
    expect(await list()).toBe(401);
    expect(await list("Bearer acme-clerk-00000000000000000000000000000000")).toBe(401);
    expect(await list(`Bearer ${key("acme-clerk")}`)).toEqual(["get_product_stock", "list_orders", "create_order"]);
    expect(await list(`Bearer ${key("acme-planner")}`)).toEqual(["get_product_stock", "sync_warehouse"]);
    const order = (name: string) =>
      fetch(`${base}/api/orders`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${key(name)}`,
          "content-type": "application/json",
          "idempotency-key": "my-first-order-0001",
        },
        body: JSON.stringify({ customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 2 }] }),
      });
    expect((await order("acme-planner")).status).toBe(403);
    expect((await order("acme-clerk")).headers.get("idempotency-replayed")).toBeNull();
    expect((await order("acme-clerk")).headers.get("idempotency-replayed")).toBe("true");
    expect(await (await order("globex-clerk")).json()).toMatchObject({ id: "SO-1001", warehouse: "BER" });
    expect((await fetch(`${base}/health`)).status).toBe(200);
    expect((await fetch(`${base}/apix`)).status).toBe(404);
    const ended = once(child as ChildProcess, "exit");
    child?.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
