import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { childWays, fsWays, openWays, rawWays, streamWays, workerWays } from "./fixtures/ways.js";
import { type Result, type RunOptions, run, runInShell } from "./run.js";

const GROUPS = { stream: streamWays, fs: fsWays, open: openWays, child: childWays, worker: workerWays, raw: rawWays };
type Group = keyof typeof GROUPS;

/** A file is nothing a socket can be made of. */
const FOR_FILES: Group[] = ["stream", "fs", "open", "child", "worker"];
const ALL: Group[] = ["stream", "fs", "open", "child", "worker", "raw"];
const WITHOUT_OPEN: Group[] = ["stream", "fs", "child", "worker", "raw"];

/** The lines of protocol that a run has sent, by the count it gives on stderr. */
function protocolLines(stderr: string): string {
  const count = Number(/^lines (\d+)$/m.exec(stderr)?.[1]);
  expect(count).toBeGreaterThan(0);
  const line = (id: number): string => `${JSON.stringify({ jsonrpc: "2.0", id, text: "é世😀" })}\n`;
  return Array.from({ length: count }, (_, id) => line(id)).join("");
}

function expectStrays(stderr: string, groups: readonly Group[]): void {
  const names = groups.flatMap((group) => Object.keys(GROUPS[group]));
  expect(names.filter((name) => !stderr.includes(`stray ${name}`))).toEqual([]);
}

const expectClean = (result: Result, groups: readonly Group[], level: string): void => {
  expect(result.stdout).toBe(protocolLines(result.stderr));
  expectStrays(result.stderr, groups);
  expect(/^level (\w+)$/m.exec(result.stderr)?.[1]).toBe(level);
};

const onLinux = describe.runIf(process.platform === "linux");

onLinux("the guard keeps stdout for the protocol, byte for byte", () => {
  it("where both are pipes", async () => {
    const result = await runInShell('{ $NODE | cat > "$OUT"; } 2>&1 | cat > "$ERR"', "every-way.ts", [
      ...ALL,
      "native",
    ]);
    expectClean(result, ALL, "descriptor");
    expect(result.stderr).toContain("Mark-Compact");
  });

  it("where stdout is a pipe and stderr a socket: native text goes nowhere, everything else to stderr", async () => {
    const result = await runInShell("$NODE | cat", "every-way.ts", ["stream", "fs", "child", "native"]);
    expectClean(result, ["stream", "fs", "child"], "descriptor");
    expect(result.stderr).not.toContain("Mark-Compact");
  });

  it("where stdout is a pipe and stderr a socket, with an addon: native text reaches stderr", async () => {
    const result = await runInShell("$NODE | cat", "every-way.ts", ["addon", "native", "worker"]);
    expectClean(result, ["worker"], "descriptor");
    expect(result.stderr).toContain("Mark-Compact");
  });

  it("where stdout is a pipe and stderr a file that does not append: both keep every byte", async () => {
    const command = '{ echo before >&2; $NODE | cat > "$OUT"; echo after >&2; } 2> "$ERR"';
    const result = await runInShell(command, "every-way.ts", [...WITHOUT_OPEN, "native"]);
    expectClean(result, WITHOUT_OPEN, "descriptor");
    expect(result.stderr).toMatch(/^before\n[\s\S]*Mark-Compact[\s\S]*after\n$/);
  });

  it("where both are socket pairs, without native code", async () => {
    expectClean(await run("every-way.ts", ["stream", "fs", "child"]), ["stream", "fs", "child"], "patched");
  });

  it("where both are socket pairs, with worker threads and an addon", async () => {
    const result = await run("every-way.ts", [...WITHOUT_OPEN, "addon", "native"]);
    expectClean(result, WITHOUT_OPEN, "descriptor");
    expect(result.stderr).toContain("Mark-Compact");
  });

  it("where both are socket pairs and a relay is asked for", async () => {
    const options = { env: { HOLDFAST_STDIO_GUARD: "relay" } };
    const result = await run("every-way.ts", [...WITHOUT_OPEN, "native"], options);
    expectClean(result, WITHOUT_OPEN, "descriptor");
    expect(result.stderr).toContain("Mark-Compact");
  });

  it("where a launcher has moved stdout", async () => {
    const command = "HOLDFAST_STDOUT_FD=3 $NODE 3>&1 1>&2";
    const result = await runInShell(command, "every-way.ts", [...WITHOUT_OPEN, "native"]);
    expectClean(result, WITHOUT_OPEN, "descriptor");
    expect(result.stderr).toContain("Mark-Compact");
  });

  it("where stdout is a file that appends", async () => {
    const command = 'echo before >> "$OUT"; $NODE >> "$OUT" 2>> "$ERR"; echo after >> "$OUT"';
    const result = await runInShell(command, "every-way.ts", [...FOR_FILES, "native"]);
    const stdout = result.stdout.replace(/^before\n/, "").replace(/after\n$/, "");
    expectClean({ ...result, stdout }, FOR_FILES, "descriptor");
  });

  it("where stdout is a file that does not append, and others write to it before and after", async () => {
    const command = '{ echo before; $NODE 2>> "$ERR"; echo after; } > "$OUT"';
    const groups: Group[] = ["stream", "fs", "open", "child"];
    const result = await runInShell(command, "every-way.ts", groups);
    const stdout = result.stdout.replace(/^before\n/, "").replace(/after\n$/, "");
    expectClean({ ...result, stdout }, groups, "patched");
    expect(result.stdout).toMatch(/^before\n[\s\S]*after\n$/);
  });

  it("where it is such a file and worker threads come in", async () => {
    const command = '{ echo before; $NODE 2>> "$ERR"; echo after; } > "$OUT"';
    const result = await runInShell(command, "every-way.ts", [...FOR_FILES, "native"]);
    // The shell goes on when the program has ended, which can be before the relay has written its rest.
    const stdout = result.stdout.replace(/^before\n/, "").replace(/^after\n/m, "");
    expectClean({ ...result, stdout }, FOR_FILES, "descriptor");
  });

  it("where stderr is the same pipe: what is printed is dropped", async () => {
    const result = await runInShell('$NODE 2>&1 | cat > "$OUT"', "every-way.ts", [...FOR_FILES, "native"]);
    const own = result.stdout.replace(/^(level|lines) .*\n/gm, "");
    expect(own).toBe(protocolLines(result.stdout));
    expect(result.stdout).toContain("level descriptor");
  });
});

describe.runIf(process.platform === "linux" && spawnSync("script", ["--version"]).status === 0)("on a terminal", () => {
  it("the protocol is written whole and printing still shows", async () => {
    const options: RunOptions = { env: { TERM: "dumb" } };
    const command = 'script -qec "$NODE" "$ERR" > "$OUT"';
    const result = await runInShell(command, "every-way.ts", ["stream", "fs", "child", "native"], options);
    const text = result.stdout.replaceAll("\r\n", "\n");
    const lines = text.match(/^\{"jsonrpc".*\n/gm)?.join("");
    expect(lines).toBe(protocolLines(text));
    expectStrays(text, ["stream", "fs", "child"]);
    expect(text).toContain("level descriptor");
  });
});

onLinux("another thread that opens a file while descriptor 1 is free keeps it, and the number comes back", () => {
  it("where both are pipes", async () => {
    const { stdout, stderr } = await runInShell('{ $NODE | cat > "$OUT"; } 2>&1 | cat > "$ERR"', "thief.ts", ["auto"]);
    expect([stdout, stderr]).toEqual(["protocol\n", "got 1, read 3 /**\nthen stderr\n"]);
  });

  it("where both are socket pairs and relays are started", async () => {
    const { stdout, stderr } = await run("thief.ts", ["relay"]);
    expect([stdout, stderr]).toEqual(["protocol\n", "got 1, read 3 /**\nthen other\n"]);
  });
});
