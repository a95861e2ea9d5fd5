/** The examination of a server on stdio: every check in turn, findings as they are made. */
import { checkEnvironment } from "./checks/environment.js";
import { checkEras } from "./checks/eras.js";
import { checkExit } from "./checks/exit.js";
import { checkIdle } from "./checks/idle.js";
import { checkRequests } from "./checks/requests.js";
import { checkStart } from "./checks/start.js";
import { checkStdout } from "./checks/stdout.js";
import { localNote } from "./findings.js";
import { resolveLocalExamination } from "./options.js";
import { LocalPatient } from "./patient.js";
import { LOCAL_CHECKS, type LocalCheckName, type LocalFinding, type LocalOptions, type Program } from "./types.js";

const RUN: Readonly<Record<LocalCheckName, (patient: LocalPatient) => AsyncIterable<LocalFinding>>> = {
  start: checkStart,
  eras: checkEras,
  requests: checkRequests,
  environment: checkEnvironment,
  idle: checkIdle,
  exit: checkExit,
  stdout: checkStdout,
};

/**
 * Starts the program again and again, as clients of every revision do, and says what would trouble them. No tool is
 * called, and no process is left behind.
 *
 * @throws TypeError for an option that cannot be used; what goes wrong with the program is a finding.
 */
export function examineLocal(program: Program, options: LocalOptions = {}): AsyncIterable<LocalFinding> {
  return run(new LocalPatient(resolveLocalExamination(program, options)));
}

async function* run(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const { checks, signal, onProgress } = patient.examination;
  const chosen = LOCAL_CHECKS.filter((check) => check === "start" || checks.has(check));
  const tell = (check: LocalCheckName) => onProgress?.({ check, done: chosen.indexOf(check), total: chosen.length });
  try {
    let isUsable = true;
    tell("start");
    for await (const finding of checkStart(patient)) {
      isUsable &&= finding.severity !== "error";
      yield finding;
    }
    for (const check of chosen.filter((one) => one !== "start")) {
      tell(check);
      // Of a server that does not answer, what it prints may still say why.
      if (isUsable || check === "stdout") yield* guarded(check, patient);
      signal?.throwIfAborted();
    }
  } finally {
    await patient.dismiss();
  }
}

/** A check that fails says so and does not keep the others from being made. */
async function* guarded(check: LocalCheckName, patient: LocalPatient): AsyncIterable<LocalFinding> {
  try {
    yield* RUN[check](patient);
  } catch (error) {
    patient.examination.signal?.throwIfAborted();
    yield localNote(
      check,
      "check-failed",
      `${check} could not be examined: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
