/** The doctor of servers on stdio: each fixture has one fault, and the doctor names that one and no other. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { examineLocal, isFault, type LocalFinding, type LocalOptions } from "../../src/doctor/index.js";
import { LOCAL_FAULTS, type LocalFaultId } from "../../src/doctor/local/findings.js";

const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));
const NODE = process.execPath;
/** Generous, because most fixtures answer at once; those that stay silent cost this much for every silence. */
const BOUNDS: LocalOptions = { answerMs: 4000, exitMs: 3000, idleMs: 500 };
const TIMEOUT = { timeout: 120_000 };

const folder = mkdtempSync(join(tmpdir(), "holdfast-local-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function findingsOf(program: readonly string[], options: LocalOptions = {}): Promise<readonly LocalFinding[]> {
  const [command = "", ...args] = program;
  const all: LocalFinding[] = [];
  for await (const finding of examineLocal({ command, args }, { ...BOUNDS, ...options })) all.push(finding);
  return all;
}

const faultsOf = (findings: readonly LocalFinding[]) => [...new Set(findings.filter(isFault).map(({ id }) => id))];

/** The part of the examination that must find it, and what everything prints. */
function checksFor(fault: LocalFaultId): LocalOptions["checks"] {
  const { check } = LOCAL_FAULTS[fault];
  if (fault === "stderr-noisy" || fault === "stderr-blocks") return ["environment", "stdout"];
  if (check === "start") return ["start", "stdout"];
  return check === "stdout" ? ["requests", "stdout"] : [check, "stdout"];
}

/** What a fixture needs to show its fault. */
const NEEDS: Readonly<Record<string, LocalOptions>> = {
  "start-slow": { slowStartMs: 1000 },
  "start-unanswered": { startMs: 1500 },
  // It ends after half a second, or later on a busy machine; nobody waits longer than that.
  "exits-idle": { idleMs: 20_000 },
  "folder-needed": { cwd: FIXTURES },
  "variables-needed": { env: { ...process.env, FIXTURE_KEY: "1" } },
};

const NAMES = readdirSync(FIXTURES)
  .map((file) => file.replace(/\.mjs$/, ""))
  .filter((name) => name !== "base" && !name.startsWith("clean-"));
const faultOf = (name: string) => name.replace(/-(?:between|after)$/, "") as LocalFaultId;

describe.concurrent("one fault each", TIMEOUT, () => {
  it.each(NAMES)("%s", async (name) => {
    const fault = faultOf(name);
    const findings = await findingsOf([NODE, join(FIXTURES, `${name}.mjs`)], {
      checks: checksFor(fault) ?? [],
      ...NEEDS[name],
    });
    expect(faultsOf(findings), JSON.stringify(findings)).toEqual([fault]);
  });
});

const COVERED_ELSEWHERE: readonly LocalFaultId[] = ["program-missing", "path-needed", "wrapper-leaves-server"];

it("every fault of the table is shown by a fixture or below", () => {
  const shown = new Set([...NAMES.map(faultOf), ...COVERED_ELSEWHERE]);
  expect(Object.keys(LOCAL_FAULTS).filter((id) => !shown.has(id as LocalFaultId))).toEqual([]);
});

const ALL_OF_BASE = 'import { answer, error, readLine, respond, serve, write } from "./base.mjs";';

/** Puts the line that the finding names in the place of the faulty one. */
function mended(name: string): string {
  const text = readFileSync(join(FIXTURES, `${name}.mjs`), "utf8");
  const line = LOCAL_FAULTS[faultOf(name)].mend.javascript ?? "";
  const lines = text.replace(/^import \{.*\} from "\.\/base\.mjs";$/m, ALL_OF_BASE).split("\n");
  const at = lines.findIndex((one) => /\/\/ fault$|^\/\* fault \*\/$/.test(one));
  if (at < 0) throw new Error(`${name} does not say where its fault is`);
  lines.splice(at, 1, line);
  return lines.join("\n");
}

const MENDABLE = NAMES.filter((name) =>
  /\/\/ fault$|^\/\* fault \*\/$/m.test(readFileSync(join(FIXTURES, `${name}.mjs`), "utf8")),
);

describe.concurrent("the line that mends it, in the place of the fault", TIMEOUT, () => {
  it.each(MENDABLE)("%s", async (name) => {
    const file = join(FIXTURES, `.mended-${process.pid}-${name}.mjs`);
    writeFileSync(file, mended(name));
    try {
      const findings = await findingsOf([NODE, file], { checks: checksFor(faultOf(name)) ?? [], ...NEEDS[name] });
      expect(faultsOf(findings), JSON.stringify(findings)).toEqual([]);
    } finally {
      rmSync(file);
    }
  });
});

describe.concurrent("programs", TIMEOUT, () => {
  it("names one that is not there, also behind env and a shell", async () => {
    const missing = await findingsOf(["holdfast-no-such-program"]);
    expect(faultsOf(missing)).toEqual(["program-missing"]);
    expect(missing[0]?.seen).toContain("holdfast-no-such-program");
    for (const program of [
      ["/usr/bin/env", "holdfast-absent"],
      ["sh", "-c", "holdfast-absent --stdio"],
    ]) {
      const [finding] = await findingsOf(program);
      expect(finding).toMatchObject({
        id: "program-missing",
        seen: expect.stringMatching(/^holdfast-absent is not there/),
      });
    }
  });

  it("reads what is printed last when the end is known before", async () => {
    // The one that speaks lives on for a moment, so that the end comes first whatever the machine does.
    const late = (words: string, code: number) => ["sh", "-c", `(sleep 0.2; ${words}) & exit ${code}`];
    const [missing] = await findingsOf(late("echo 'sh: 1: holdfast-absent: not found' >&2", 127));
    expect(missing).toMatchObject({
      id: "program-missing",
      seen: expect.stringMatching(/^holdfast-absent is not there/),
    });
    const [failed] = await findingsOf(late("echo 'no licence' >&2", 3));
    expect(failed).toMatchObject({ id: "start-failed", seen: 'it ended with 3; on stderr: "no licence"' });
  });

  it("names one that only the PATH of the shell has; its whole path mends it", async () => {
    const program = join(folder, "holdfast-fixture");
    writeFileSync(program, `#!/bin/sh\nexec '${NODE}' '${join(FIXTURES, "clean-holdfast.mjs")}'\n`);
    chmodSync(program, 0o755);
    const options: LocalOptions = {
      checks: ["environment"],
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    };
    const findings = await findingsOf(["holdfast-fixture"], options);
    expect(faultsOf(findings), JSON.stringify(findings)).toEqual(["path-needed"]);
    expect(findings.find(isFault)?.seen).toContain("holdfast-fixture");
    expect(faultsOf(await findingsOf([program], options))).toEqual([]);
  });

  it("names the wrapper that leaves its server behind; exec mends it", async () => {
    const server = `'${NODE}' '${join(FIXTURES, "eof-ignored.mjs")}'`;
    const checks: LocalOptions["checks"] = ["exit"];
    const findings = await findingsOf(["sh", "-c", `${server}; true`], { checks });
    const left = findings.find(({ id }) => id === "wrapper-leaves-server");
    expect(left?.seen, JSON.stringify(findings)).toMatch(/^after SIGTERM sh ended, but not .*eof-ignored/);
    expect(faultsOf(await findingsOf(["sh", "-c", `exec ${server}`], { checks }))).toEqual(["eof-ignored"]);
  });
});

describe("servers that are sound", TIMEOUT, () => {
  it.each(readdirSync(FIXTURES).filter((file) => file.startsWith("clean-")))("%s", async (file) => {
    const findings = await findingsOf([NODE, join(FIXTURES, file)], { ...BOUNDS, answerMs: 15_000, exitMs: 10_000 });
    expect(faultsOf(findings), JSON.stringify(findings)).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["starts", "large", "poor-environment", "idle", "eof", "client-death", "clean"]),
    );
  });
});

describe("findings", TIMEOUT, () => {
  it("show who printed what, and when", async () => {
    const seen = async (name: string) => {
      const findings = await findingsOf([NODE, join(FIXTURES, `${name}.mjs`)], { checks: ["requests", "stdout"] });
      return findings.find(isFault)?.seen;
    };
    expect(await seen("stdout-text")).toMatch(/^before the first message: "Server started", .*at import/);
    expect(await seen("stdout-text-between")).toMatch(/^between messages: "got a request", .*in a handler/);
    expect(await seen("stdout-text-after")).toMatch(/^after stdin was closed: "Goodbye"/);
  });

  it("say why it did not start", async () => {
    const [finding] = await findingsOf([NODE, join(FIXTURES, "start-failed.mjs")]);
    expect(finding?.seen).toContain("Error: DATABASE_URL is not set");
    const [http] = await findingsOf([NODE, join(FIXTURES, "start-unanswered.mjs")], { startMs: 1500 });
    expect(http?.seen).toMatch(process.platform === "linux" ? /it listens on 127\.0\.0\.1, port \d+/ : /no answer/);
  });
});
