import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { EXIT_STALL_MS } from "../../src/transports/stdio/descriptor-writer.js";
import { collect, run, runInShell, start, waitFor } from "./run.js";

const LARGE = `[${Array.from({ length: 800_000 }, (_, at) => at).join(",")}]\n`;

/** Compares without printing megabytes on failure. */
function expectText(text: string, expected: string): void {
  expect(text.length).toBe(expected.length);
  expect(text === expected).toBe(true);
}

/** Reads like a busy client: a little, then something else. */
async function readSlowly(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout ?? []) {
    chunks.push(chunk);
    await delay(1);
  }
  return Buffer.concat(chunks).toString();
}

const MODES = ["patched", "relay"];

describe.runIf(process.platform !== "win32")("[88] everything written is delivered", () => {
  it.each(MODES)("5 MB and an exit at once, over a socket pair (%s)", async (mode) => {
    const result = await run("writer.ts", ["exit"], { env: { HOLDFAST_STDIO_GUARD: mode } });
    expectText(result.stdout, `${LARGE}last\n`);
    expect(result.code).toBe(0);
  });

  it("5 MB and an exit at once, over a pipe", async () => {
    expectText((await runInShell('$NODE | cat > "$OUT"', "writer.ts", ["exit"])).stdout, `${LARGE}last\n`);
  });

  it.each(["end", "crash"])("5 MB and the end of the program (%s)", async (scenario) => {
    const result = await runInShell('$NODE | cat > "$OUT"', "writer.ts", [scenario]);
    expectText(result.stdout, scenario === "end" ? `${LARGE}last\n` : LARGE);
  });

  it("5 MB through a slow reader", async () => {
    const child = start("writer.ts", ["end"]);
    expectText(await readSlowly(child), `${LARGE}last\n`);
  });

  it.each(MODES)("5 MB and an exit while the reader is behind: nothing twice, nothing lost (%s)", async (mode) => {
    const child = start("writer.ts", ["exit later"], { env: { HOLDFAST_STDIO_GUARD: mode } });
    await waitFor(child.stderr, /written/);
    child.stdin?.write("\n");
    await waitFor(child.stderr, /leaving/);
    expectText(await readSlowly(child), `${LARGE}last\n`);
  });

  it("with an event loop that goes on while nobody reads", async () => {
    const child = start("writer.ts", ["slow"]);
    const said = await waitFor(child.stderr, /responsive/);
    expect(said).toContain("room false");
    expect(said).not.toContain("flushed");
    child.stdin?.write("\n");
    const { stdout, stderr } = await collect(child);
    expectText(stdout, `${LARGE}last\n`);
    expect(stderr).toContain("flushed");
    expect(stderr).toContain("drain");
  });

  it("behind what was printed before the guard, where that is still on its way", async () => {
    const child = start("writer.ts", ["behind"]);
    await waitFor(child.stderr, /written/);
    child.stdin?.write("\n");
    expectText(await readSlowly(child), `${LARGE}protocol 1\nprotocol 2\nprotocol 3\n`);
  });

  it("in order, also from an exit listener", async () => {
    const { stdout } = await run("writer.ts", ["many"]);
    const numbers = Array.from({ length: 2_100 }, (_, id) => `${id}\n`).join("");
    expect(stdout).toBe(`${numbers}from the exit\n`);
  });
});

describe.runIf(process.platform !== "win32")("[87] when nobody reads", () => {
  it.each(MODES)("a reader that is gone is told to everybody (%s)", async (mode) => {
    const child = start("writer.ts", ["broken"], { env: { HOLDFAST_STDIO_GUARD: mode } });
    await waitFor(child.stdout, /first/);
    child.stdout?.destroy();
    child.stdin?.write("\n");
    const { stderr, code } = await collect(child);
    expect(stderr).toMatch(/^broken /m);
    expect(stderr).toMatch(/^flush /m);
    expect(stderr).toContain("write false");
    expect(code).toBe(0);
  });

  it("the exit waits for a reader that takes nothing, but not for ever", async () => {
    const child = start("writer.ts", ["exit"]);
    child.stderr?.resume();
    const started = performance.now();
    await once(child, "exit");
    expect(performance.now() - started).toBeGreaterThan(EXIT_STALL_MS);
    expect(performance.now() - started).toBeLessThan(EXIT_STALL_MS * 8);
    child.stdout?.destroy();
  });
});
