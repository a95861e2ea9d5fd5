/** Two server processes over one directory share what their callers may do, and what a dead one held comes back. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { call, textOf } from "../limits/helpers/limited.js";
import { modernRequest, post, type RawResponse } from "../support/raw-http.js";

const FIXTURE = fileURLToPath(new URL("fixtures/limited-server.ts", import.meta.url));
/** In the project, where the package `lmdb` is found. */
const BUNDLE = fileURLToPath(new URL(`../../.tmp/limited-server-${process.pid}.mjs`, import.meta.url));

/** Every test starts several servers, and each must start quickly. */
beforeAll(async () => {
  const options: BuildOptions = { bundle: true, platform: "node", format: "esm", external: ["lmdb"] };
  // The entry's imports for their effects count, whatever package.json says of the built files.
  await build({ ...options, entryPoints: [FIXTURE], outfile: BUNDLE, ignoreAnnotations: true, logLevel: "error" });
});
afterAll(() => rmSync(BUNDLE, { force: true }));

class ServerProcess {
  url = "";
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(dir: string) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MCP_")));
    const stdio = ["ignore", "pipe", "inherit"] as const;
    this.#child = spawn(process.execPath, [BUNDLE, dir], { env, stdio: [...stdio] });
    if (this.#child.stdout === null) throw new Error("the server has no stdout");
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  get pid(): string {
    return String(this.#child.pid);
  }

  async says(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the server ended");
    return value;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

const servers: ServerProcess[] = [];
const dirs: string[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-limits-"));
  dirs.push(dir);
  return dir;
}

async function start(...places: readonly string[]): Promise<ServerProcess[]> {
  const started = places.map((dir) => new ServerProcess(dir));
  servers.push(...started);
  for (const one of started) one.url = await one.says();
  return started;
}

/** Forty calls at the same time, by turns to each of the servers. */
function callOften(
  to: readonly ServerProcess[],
  { tool, keyOf }: { readonly tool: string; readonly keyOf: (index: number) => string },
): Promise<RawResponse[]> {
  const calls = Array.from({ length: 40 }, (_, index) => {
    const meta = { "dev.holdfast/idempotencyKey": keyOf(index) };
    const { message, headers } = modernRequest("tools/call", { name: tool, arguments: {}, _meta: meta }, { id: index });
    return post(to[index % to.length]?.url ?? "", message, { headers });
  });
  return Promise.all(calls);
}

async function pidOf(server: ServerProcess, tool: string): Promise<string> {
  const { status, reply } = await call(server.url, tool);
  return status === 200 ? textOf(reply) : String(status);
}

describe("two processes over one directory", () => {
  it.each(["read", "write"])(
    "let their callers %s as often together as one of them would, also one that comes later",
    async (tool) => {
      const dir = directory();
      const [one, two] = await start(dir, dir);
      if (one === undefined || two === undefined) return expect.unreachable();
      const keyOf = (index: number) => `a-key-of-its-own-${index}`;
      const answers = await callOften([one, two], { tool, keyOf });
      const served = answers.filter(({ status }) => status === 200).map(({ reply }) => textOf(reply));
      expect(served).toHaveLength(10);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
      await one.kill();
      const [three] = await start(dir);
      for (const server of [two, three]) expect(server && (await pidOf(server, tool))).toBe("429");
      // Another directory is another count.
      const [other] = await start(directory());
      expect(other && (await pidOf(other, tool))).toBe(other?.pid);
    },
  );

  it("[7] a call that is sent to both again and again is one call for a limit of one: all get its outcome", async () => {
    const dir = directory();
    const [one, two] = await start(dir, dir);
    if (one === undefined || two === undefined) return expect.unreachable();
    for (let round = 0; round < 2; round += 1) {
      const answers = await callOften([one, two], { tool: "once", keyOf: () => "one-key-for-all-of-them" });
      expect(new Set(answers.map(({ status, reply }) => `${status} ${textOf(reply)}`)).size).toBe(1);
      expect([one.pid, two.pid]).toContain(textOf(answers[0]?.reply));
    }
    const others = await callOften([one, two], { tool: "once", keyOf: (index) => `another-key-each-time-${index}` });
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([429]));
  });

  it("share places; those of a process that was killed are free at once, whatever their lease", async () => {
    const dir = directory();
    const [one, two] = await start(dir, dir);
    if (one === undefined || two === undefined) return expect.unreachable();
    const held = [call(one.url, "hold"), call(one.url, "hold")].map((answer) => answer.catch(() => "broken"));
    expect([await one.says(), await one.says()]).toEqual(["held", "held"]);
    for (const server of [one, two]) expect(await pidOf(server, "hold")).toBe("429");
    expect(await pidOf(two, "place")).toBe(two.pid);
    await one.kill();
    expect(await Promise.all(held)).toEqual(["broken", "broken"]);
    const again = [call(two.url, "hold"), call(two.url, "hold")].map((answer) => answer.catch(() => "broken"));
    expect([await two.says(), await two.says()]).toEqual(["held", "held"]);
    expect(await pidOf(two, "hold")).toBe("429");
    await two.kill();
    await Promise.all(again);
  });
});
