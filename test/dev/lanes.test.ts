/** Through the proxy of `holdfast dev`, everybody speaks to a real server as if there were no proxy. */
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DevLog } from "../../src/dev/log.js";
import { DevProxy } from "../../src/dev/proxy.js";
import { Traffic } from "../../src/dev/traffic.js";
import { Upstream } from "../../src/dev/upstream.js";
import * as library from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { listening } from "../cli/helpers/cli.js";
import { createEverything } from "../e2e/fixtures/everything.mjs";
import { STEPS, Stories } from "../faults/helpers/story.js";
import { until } from "../faults/helpers/until.js";
import { LANES } from "../proxy/lanes.js";
import { http1, type Wire } from "../proxy/wire.js";
import { hearWordByWord } from "../proxy/word-by-word.js";
import { OFFICIAL_DRIVERS } from "../support/official.js";

const log = new DevLog();
let handle: library.RunHandle;
let stories: Stories;
let server: Server;
let wire: Wire;
let base = "";
let calls = 0;
let name = "";

beforeAll(async () => {
  const { mcp } = createEverything(library, { logger: silentLogger, limits: { retryMs: 1 } });
  stories = new Stories(mcp);
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
  const upstream = new Upstream();
  upstream.set({ phase: "ready", url: new URL(handle.url ?? "") });
  server = createServer(new DevProxy({ upstream, traffic: new Traffic(log) }).handle);
  base = new URL(await listening(server)).origin;
  wire = http1(base);
});
afterAll(async () => {
  wire?.close();
  server?.close();
  server?.closeAllConnections();
  await handle?.close();
});
beforeEach(() => {
  calls += 1;
  name = `call ${calls}`;
});

describe.each(LANES)("$name", ({ name: revision, open }) => {
  test("each word of a call arrives before the next is said, and is logged with its call", async () => {
    const client = await open(wire, base);
    await hearWordByWord(client, stories, name);
    const logged = () => log.exchanges.findLast((one) => one.name === "story");
    await until("the call is logged", () => logged()?.outcome !== undefined);
    expect(logged()).toMatchObject({
      outcome: { kind: "ok" },
      caller: { name: expect.stringMatching(/^(lane|raw-http)$/) },
    });
    expect(logged()?.caller.revision).toBe(revision.split(" ")[0]);
    expect(logged()?.notes).toHaveLength(STEPS);
  });

  test("a stream opens before anything is said", async () => {
    const client = await open(wire, base);
    const stream = await client.listen();
    stream?.close();
  });
});

test("2026-07-28: a client that goes away ends its call", async () => {
  const modern = LANES.find((lane) => lane.name === "2026-07-28");
  const client = await modern?.open(wire, base);
  const story = stories.get(name);
  const arriving = await client?.call(stories.params(name), () => {
    void story.begun.then(() => story.tell(1));
  });
  const { signal } = await story.begun;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  arriving?.close();
  await aborted;
  await story.finish();
});

test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio"))("$label", async (driver) => {
  const client = await driver.connect({ url: `${base}/mcp`, sseUrl: `${base}/sse` }, {});
  expect((await client.listTools()).map((tool) => tool.name)).toContain("echo");
  expect(String((await client.callTool("ask_name")).content[0]?.text)).toBe("Hello, Alice!");
  const large = "x".repeat(1_048_576);
  expect(String((await client.callTool("echo", { text: large })).content[0]?.text)).toBe(large);
  expect(client.errors).toEqual([]);
  await client.close();
});

test("what was begun is ended: no request is left open in the log", async () => {
  const open = () => log.exchanges.filter(({ outcome, method }) => outcome === undefined && !method.startsWith("GET"));
  await until("all are ended", () => open().length === 0);
});
