/** The examination: every check in turn, findings as they are made. */
import { setMaxListeners } from "node:events";
import { checkAuth } from "./checks/auth.js";
import { checkBodies } from "./checks/bodies.js";
import { checkEras } from "./checks/eras.js";
import { checkHeaders } from "./checks/headers.js";
import { checkProtection } from "./checks/protection.js";
import { checkClock, checkReach, checkRedirects } from "./checks/reach.js";
import { checkSessions } from "./checks/sessions.js";
import { checkStreams } from "./checks/streams.js";
import { checkTls } from "./checks/tls.js";
import { fault, note } from "./findings.js";
import { resolveExamination } from "./options.js";
import { Patient } from "./patient.js";
import { CHECKS, type CheckName, type DoctorOptions, type Examination, type Finding } from "./types.js";

const RUN: Readonly<Record<CheckName, (patient: Patient) => AsyncIterable<Finding>>> = {
  reach: checkReach,
  tls: checkTls,
  redirects: checkRedirects,
  clock: checkClock,
  auth: checkAuth,
  eras: checkEras,
  headers: checkHeaders,
  protection: checkProtection,
  bodies: checkBodies,
  sessions: checkSessions,
  streams: checkStreams,
};

/**
 * Examines the MCP endpoint at `url` as clients of every revision would meet it. Nothing is changed there, and no tool is
 * called but the one the options name.
 *
 * @throws TypeError for a URL or an option that cannot be used; what goes wrong on the network is a finding.
 *
 * @example
 * ```ts
 * for await (const { severity, seen, mend } of examine("https://tools.example.com/mcp")) console.log(severity, seen, mend?.nginx);
 * ```
 */
export function examine(url: string | URL, options: DoctorOptions = {}): AsyncIterable<Finding> {
  const examination = resolveExamination(url, options);
  if (options.direct === undefined) return run(examination);
  const behind = resolveExamination(options.direct, { ...options, direct: undefined, onProgress: undefined });
  return attributed(examination, behind);
}

async function* run(examination: Examination): AsyncIterable<Finding> {
  const leave = new AbortController();
  const { signal } = examination;
  const either = signal === undefined ? leave.signal : AbortSignal.any([leave.signal, signal]);
  // Every request listens to it while it runs.
  setMaxListeners(0, either);
  const patient = new Patient({ ...examination, signal: either });
  try {
    yield* runChecks(patient);
    await patient.end();
  } finally {
    // Whoever listens may have heard enough in the middle: no stream is left open.
    leave.abort();
  }
}

async function* runChecks(patient: Patient): AsyncIterable<Finding> {
  const { checks, onProgress } = patient.examination;
  let server: string | undefined;
  try {
    server = (await patient.initialized()).header("server");
  } catch (error) {
    patient.examination.signal?.throwIfAborted();
    // Without an answer there is one thing to say; the certificate may still be what is wrong.
    yield fault("unreachable", messageOf(error));
    if (checks.has("tls")) yield* guarded("tls", patient);
    return;
  }
  let done = 0;
  for (const check of CHECKS.filter((one) => checks.has(one))) {
    onProgress?.({ check, done, total: checks.size, server });
    yield* guarded(check, patient);
    done += 1;
    // Streams that were cut by it look like streams that ended.
    patient.examination.signal?.throwIfAborted();
  }
}

/** A check that fails says so and does not keep the others from being made. */
async function* guarded(check: CheckName, patient: Patient): AsyncIterable<Finding> {
  try {
    yield* RUN[check](patient);
  } catch (error) {
    if (patient.examination.signal?.aborted === true) throw error;
    yield note(check, "check-failed", `${check} could not be examined: ${messageOf(error)}`);
  }
}

/** What is found at the server itself too is the server's doing, everything else a proxy's. */
async function* attributed(examination: Examination, behind: Examination): AsyncIterable<Finding> {
  const leave = new AbortController();
  const { signal = leave.signal } = behind;
  const direct = collect(run({ ...behind, signal: AbortSignal.any([leave.signal, signal]) }));
  // Nobody listens to it yet; whoever asks for it hears of its failure.
  direct.catch(() => undefined);
  try {
    for await (const finding of run(examination)) {
      if (!isFault(finding)) yield finding;
      else {
        const own = (await direct).some(({ id, revision }) => id === finding.id && revision === finding.revision);
        yield { ...finding, hop: own ? "server" : "proxy" };
      }
    }
  } finally {
    leave.abort();
  }
}

async function collect(findings: AsyncIterable<Finding>): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for await (const finding of findings) all.push(finding);
  return all;
}

/** True for what has to be mended. */
export function isFault({ severity }: Pick<Finding, "severity">): boolean {
  return severity === "warning" || severity === "error";
}

/** What a program that examined ends with. */
export const EXIT = { sound: 0, warnings: 1, errors: 2, unreachable: 3 } as const;

/** Behind a URL, and of a program that does not run or says nothing. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "unreachable",
  "program-missing",
  "start-failed",
  "start-unanswered",
]);

/** Exit code for CI: 0 nothing to mend, 1 warnings alone, 2 errors, 3 nothing answers. */
export function exitCodeOf(findings: readonly Pick<Finding, "id" | "severity">[]): number {
  if (findings.some(({ id }) => UNREACHABLE.has(id))) return EXIT.unreachable;
  if (findings.some(({ severity }) => severity === "error")) return EXIT.errors;
  return findings.some(({ severity }) => severity === "warning") ? EXIT.warnings : EXIT.sound;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
