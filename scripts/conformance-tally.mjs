/** Counts what the conformance suite wrote: scenarios, not checks, whose number moves with how far a scenario gets. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The requirement set of a revision: lists under `server:` and `not_scored:` of a plain YAML file. Only those two shapes
 * are read, and an empty list is an error: a set that was not understood must not count as passed.
 */
export function readRequirements(suite, revision) {
  const text = readFileSync(join(suite, "requirements", `${revision}.yaml`), "utf8");
  const required = [];
  const notScored = [];
  let section = "";
  for (const line of text.split("\n")) {
    const heading = /^([a-z_]+):\s*$/.exec(line);
    const plain = /^\s+-\s+([\w/.-]+)\s*$/.exec(line);
    const named = /^\s+-\s+scenario:\s*([\w/.-]+)\s*$/.exec(line);
    const leg = /^\s+leg:\s*(\w+)\s*$/.exec(line);
    if (heading) section = heading[1];
    else if (section === "server" && plain) required.push(plain[1]);
    else if (section === "not_scored" && named) notScored.push({ name: named[1], leg: "" });
    else if (section === "not_scored" && leg) notScored.at(-1).leg = leg[1];
  }
  if (required.length === 0) throw new Error(`no required scenarios of ${revision} found`);
  return { required, notScored: notScored.filter((entry) => entry.leg === "server").map((entry) => entry.name) };
}

/** Judges one scenario by the checks it left in `output`. */
export function judge(output, name, { strict }) {
  const checks = readChecks(output, name);
  if (checks === undefined) return { name, outcome: "failed", reasons: ["did not run to its end"] };
  const own = checks.filter(({ id }) => !id.startsWith("wire-schema-"));
  const bad = checks.filter(
    (check) => check.status === "FAILURE" || (check.status === "WARNING" && (strict || swallowed(check))),
  );
  const reasons = [...new Set(bad.map(brief))];
  // The suite's schema check also counts messages of its own, so it proves nothing alone.
  if (own.length === 0) reasons.push("left no checks");
  if (reasons.length > 0) return { name, outcome: "failed", reasons };
  return { name, outcome: own.some(({ status }) => status === "SUCCESS") ? "passed" : "skipped", reasons };
}

/** Three scenarios report an exception as a mere warning, and so "pass" against a server that is not there. */
function swallowed({ errorMessage }) {
  return /^Failed: /.test(errorMessage ?? "");
}

function brief({ status, id, errorMessage, description }) {
  return `${status} ${id}: ${String(errorMessage ?? description)
    .replaceAll(/\s+/g, " ")
    .slice(0, 300)}`;
}

/** The results of a scenario are in a folder `server-<scenario>-<time>`; the name of one can begin that of another. */
function readChecks(output, name) {
  const prefix = `server-${name}-`;
  const folders = existsSync(output) ? readdirSync(output) : [];
  const found = folders.filter((folder) => folder.startsWith(prefix) && /^\d{4}-/.test(folder.slice(prefix.length)));
  const file = found.length === 0 ? undefined : join(output, found.sort().at(-1), "checks.json");
  return file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
