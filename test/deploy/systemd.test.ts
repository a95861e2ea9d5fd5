/** [89] The generated unit: systemd takes it, and stopping it with calls in flight loses none of them. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type DeployFacts, generateDeployment } from "../../src/deploy/index.js";
import { LANES } from "../proxy/lanes.js";
import { http1 } from "../proxy/wire.js";
import { FETCH_TIMEOUT_MS, type Program, requireProgram } from "../support/debian.js";
import { freePort } from "../support/nginx.js";
import { FrontProxy, type ProxyKind } from "./helpers/proxy.js";
import { configurationOf } from "./helpers/site.js";
import { UnitProcess } from "./helpers/unit.js";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const FIXTURE = fileURLToPath(new URL("fixtures/server.ts", import.meta.url));
/** Of 100; systemd itself calls everything below 20 sound, and a unit without any hardening has 96. */
const EXPOSURE = "20";

const BASE: DeployFacts = {
  name: "unit-test",
  publicUrl: "https://tools.example.com",
  command: [process.execPath, "--import", "tsx", FIXTURE],
  workingDirectory: ROOT,
};

const PING = { jsonrpc: "2.0", id: 1, method: "ping" };

function unitOf(facts: DeployFacts): string {
  const [unit] = generateDeployment("systemd", facts);
  return unit?.content ?? "";
}

describe("systemd", () => {
  let analyze: Program;
  let folder = "";
  beforeAll(async () => {
    analyze = await requireProgram("systemd-analyze", "systemd");
    folder = await mkdtemp(join(tmpdir(), "holdfast-unit-"));
  }, FETCH_TIMEOUT_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, Partial<DeployFacts>]>([
    ["as it comes", {}],
    ["with a store", { storeDirectory: "/var/lib/unit-test/store" }],
    ["with a store elsewhere and an account", { storeDirectory: "/srv/store", user: "daemon" }],
  ])("takes the unit without a word, and finds it hardened: %s", async (_, facts) => {
    const file = join(folder, "unit-test.service");
    await writeFile(file, unitOf({ ...BASE, ...facts }));
    const env = { ...process.env, ...analyze.env };
    // Man pages of the unit's documentation are no matter here.
    const { stdout, stderr } = await run(analyze.path, ["verify", "--man=no", file], { env });
    expect(stdout + stderr).toBe("");
    await run(analyze.path, ["security", "--offline=true", `--threshold=${EXPOSURE}`, "--no-pager", file], { env });
  });

  test("has longer to stop than calls in flight have", () => {
    const unit = new UnitProcess(unitOf({ ...BASE, graceMs: 45_500 }));
    expect(unit.value("TimeoutStopSec")).toBe("56s");
    expect(unit.value("KillSignal")).toBe("SIGTERM");
  });
});

describe.each<ProxyKind>(["nginx", "caddy", "haproxy"])("[89] stopped behind %s", (kind) => {
  let proxy: FrontProxy | undefined;
  let unit: UnitProcess | undefined;
  afterEach(async () => {
    await proxy?.stop();
    await unit?.kill();
  });

  test("SIGTERM with calls in flight: all are answered, new ones refused, and it exits with 0", async () => {
    const [port, publicPort] = [await freePort(), await freePort()];
    const base = `http://127.0.0.1:${publicPort}`;
    const facts = { ...BASE, port, publicUrl: base, listenHost: "127.0.0.1", graceMs: 20_000 };
    unit = new UnitProcess(unitOf(facts));
    await unit.start();
    proxy = await FrontProxy.start({ kind, port: publicPort, configuration: configurationOf(kind, facts) });
    const calls = await Promise.all(
      LANES.map(async (lane) => {
        const client = await lane.open(http1(base), base);
        const params = { name: "story", arguments: { name: lane.name }, _meta: { progressToken: 7 } };
        const arriving = await client.call(params, () => {});
        await arriving.messages.expect(({ method }) => method === "notifications/progress");
        return { lane: lane.name, arriving };
      }),
    );
    const stopped = unit.stop();
    while ((await fetch(`${base}/ready`)).status !== 503);
    const ping = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(PING) };
    expect((await fetch(`${base}/mcp`, ping)).status).toBe(503);
    unit.say("go on");
    for (const { lane, arriving } of calls) {
      const { result } = await arriving.messages.expect(({ id }) => id === 1);
      expect(result).toMatchObject({ content: [{ type: "text", text: `held ${lane}` }] });
    }
    expect(await stopped).toBe(0);
  });
});
