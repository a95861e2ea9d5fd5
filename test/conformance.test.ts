import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Verdict {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly reasons: readonly string[];
}
interface Report {
  readonly required: readonly Verdict[];
  readonly notScored: readonly Verdict[];
}

const SCRIPT = fileURLToPath(new URL("../scripts/conformance.mjs", import.meta.url));
/** The suite takes 10 s, its first installation as long again, and CI machines are slow. */
const LIMIT_MS = 300_000;

let folder = "";
let line = "";
let reports: Record<string, Report> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-conformance-"));
  const file = join(folder, "report.json");
  // The script fails when a scenario does; the tests below say which.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [SCRIPT, "--json", file]).catch(
    (error) => error,
  );
  line = stdout.trim();
  const text = await readFile(file, "utf8").catch(() => {
    throw new Error(`the suite could not be run:\n${stderr}`);
  });
  reports = JSON.parse(text);
}, LIMIT_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(["2025-11-25", "2026-07-28"])("[92] every required scenario of %s passes, without a warning", (revision) => {
  expect(reports[revision]?.required.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
});

// On 2026-07-28 three and the tasks extension: nine scenarios, and a tenth that the suite always skips.
test.each([
  ["2025-11-25", 3],
  ["2026-07-28", 12],
] as const)("[92] so do those of %s that the suite does not score", (revision, count) => {
  const { notScored = [] } = reports[revision] ?? {};
  expect(notScored).toHaveLength(count);
  expect(notScored.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
});

test("the score is said in one line", () => {
  expect(line).toBe("conformance 2025-11-25 30/30, 2026-07-28 37/37");
});
