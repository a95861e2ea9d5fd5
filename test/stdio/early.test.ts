import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixture, type Result, run, runInShell } from "./run.js";

const PROTOCOL = '{"line":1}\n{"line":2}\n';
/** The built entry: `--import` is for users of the package (and tsx does not load TypeScript for it in threads). */
const ENTRY = fixture("../../../dist/stdio-guard.js");
const STRAYS = ["at import\n", "at import through fs", "in the body", "while serving", "of a fork", "of a thread"];

const missing = (result: Result): string[] => STRAYS.filter((text) => !result.stderr.includes(`stray ${text}`));

describe.runIf(process.platform === "linux")("[86] the early entry", () => {
  it("covers what is printed while the rest is imported, and is adopted", async () => {
    const result = await run("early-import.ts");
    expect(result.stdout).toBe(PROTOCOL);
    expect(missing(result)).toEqual([]);
    expect(result.stderr).toContain("adopted true");
    // Before the transport has a listener, the default says it; afterwards the listener does.
    expect(result.stderr).toMatch(/^holdfast: .*prints-at-import\.ts:4 \(console\.log\)/m);
    expect(result.stderr).toContain("reported console.log at serve.ts:");
  });

  it("does the same over pipes", async () => {
    const result = await runInShell('{ $NODE | cat > "$OUT"; } 2>&1 | cat > "$ERR"', "early-import.ts");
    expect(result.stdout).toBe(PROTOCOL);
    expect(missing(result)).toEqual([]);
  });

  it.runIf(existsSync(ENTRY))("works as --import, is adopted by another copy of the package", async () => {
    const result = await run("late.ts", [], { node: ["--import", ENTRY] });
    expect(result.stdout).toBe(PROTOCOL);
    expect(missing(result)).toEqual([]);
    expect(result.stderr).toContain("adopted true");
  });

  it.runIf(existsSync(ENTRY))("covers a thread by patches where that is all there is", async () => {
    const options = { node: ["--import", ENTRY], env: { HOLDFAST_STDIO_GUARD: "patched" } };
    const result = await run("late.ts", [], options);
    expect(result.stdout).toBe(PROTOCOL);
    expect(missing(result)).toEqual([]);
  });

  it.runIf(existsSync(ENTRY))("leaves stdout alone when stdio is not a transport", async () => {
    const result = await run("late.ts", [], { node: ["--import", ENTRY], env: { MCP_TRANSPORT: "http" } });
    expect(result.stdout).toMatch(/^stray at import\n[\s\S]*stray in the body\n/);
    expect(result.stderr).toContain("installed true");
  });

  it("is what covers imports: without it they reach stdout", async () => {
    const result = await run("late.ts");
    expect(result.stdout).toBe(`stray at import\nstray at import through fs\nstray in the body\n${PROTOCOL}`);
  });
});

describe.runIf(process.platform !== "win32")("[86] early output held until it is decided", () => {
  it("goes to stderr when stdio is served, and says where it came from", async () => {
    const { stdout, stderr } = await run("hold.ts", ["stdio", "hold"]);
    expect(stdout).toBe("protocol\n");
    expect(stderr.match(/^stray .*$/gm)).toEqual(["one", "two", "three", "four", "five"].map((n) => `stray ${n}`));
    expect(stderr).toMatch(/^holdfast: .*hold\.ts:\d+ \(console\.log\)/m);
  });

  it.each(["socket pairs", "pipes"])("is ended by the guard, which can be taken away again (%s)", async (kind) => {
    const pipes = '{ $NODE | cat > "$OUT"; } 2>&1 | cat > "$ERR"';
    const args = ["guard", "hold"];
    const { stdout, stderr } = await (kind === "pipes" ? runInShell(pipes, "hold.ts", args) : run("hold.ts", args));
    expect(stdout).toBe("protocol\nprinted\n");
    expect(stderr).toMatch(/^stray one$[\s\S]*^stray two$/m);
  });

  /** What the program prints, and how it ends, when nothing is held. */
  const unchanged: readonly { scenario: string; stdout: string; code: number | null }[] = [
    { scenario: "http", stdout: "one\ntwo\nthree\n", code: 0 },
    { scenario: "undecided", stdout: "one\ntwo\nthree\nfour\n", code: 0 },
    { scenario: "order", stdout: "one\ntwo\nthree\nfour\nfive\nsix\nseven\n", code: 0 },
    { scenario: "order, children only", stdout: "one\ntwo\nthree\n", code: 0 },
    { scenario: "exit", stdout: "one\ntwo\nthree\n", code: 3 },
    { scenario: "throw", stdout: "one\n", code: 1 },
    { scenario: "kill", stdout: "one\n", code: null },
    {
      scenario: "large",
      stdout: Array.from({ length: 5_000 }, (_, at) => `${at} ${"x".repeat(40)}\n`).join(""),
      code: 0,
    },
    { scenario: "spied", stdout: "one\ntwo\nthree 2\n", code: 0 },
  ];

  it.each(unchanged)("is exactly what it would have been without: $scenario", async ({ scenario, stdout, code }) => {
    const held = await run("hold.ts", [scenario, "hold"]);
    expect(held.stdout).toBe(stdout);
    expect(held.code).toBe(code);
  });

  it("is not held where stdout and stderr are one file: there the order would show", async () => {
    const { stdout } = await runInShell('$NODE > "$OUT" 2>&1', "hold.ts", ["ended", "hold"]);
    expect(stdout).toBe("one\ntwo\n");
  });

  it("is not held when the environment names another transport", async () => {
    const { stdout, stderr } = await run("hold.ts", ["ended", "hold"], { env: { MCP_TRANSPORT: "http,sse" } });
    expect(stdout).toBe("one\ntwo\n");
    expect(stderr).toBe("");
  });
});
