/** Does it run, does it answer, and how soon. */
import { LATEST_LEGACY, MODERN } from "../../../protocol/revisions/index.js";
import { ownObject } from "../../../util/json.js";
import { initialize } from "../../messages.js";
import { Conversation, inWords } from "../conversation.js";
import { localFault, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import { factsOf, listeningOf, TICKS_PER_SECOND } from "../processes.js";
import { quoted } from "../stray-text.js";
import type { LocalFinding } from "../types.js";

/** So that one start beside a busy moment of the machine decides nothing. */
const STARTS = 3;

export async function* checkStart(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const times: number[] = [];
  const cpu: number[] = [];
  // Where nobody asks how long it takes, one start says whether it runs.
  const starts = patient.examination.checks.has("start") ? STARTS : 1;
  for (let run = 0; run < starts; run += 1) {
    const conversation = new Conversation(patient.start(), patient);
    const { server, started } = conversation;
    const failure = await firstAnswer(conversation, patient);
    if (failure === undefined) {
      times.push(performance.now() - server.startedAt);
      cpu.push((factsOf(server.pid)?.ticks ?? 0) / TICKS_PER_SECOND);
    }
    await patient.end(started);
    if (failure !== undefined) {
      yield failure;
      return;
    }
  }
  if (starts === 1) return;
  const { slowStartMs } = patient.examination;
  const ms = medianOf(times);
  const used = medianOf(cpu);
  const took = `${(ms / 1000).toFixed(2)} s until the first answer, the median of ${STARTS} starts${used > 0 ? `; ${used.toFixed(2)} s of it on the processor` : ""}`;
  if (ms > slowStartMs) yield localFault("start-slow", took);
  else yield localSound("start", "starts", took);
}

/** Undefined when it can be spoken to; the era in which that is so is kept. */
async function firstAnswer(conversation: Conversation, patient: LocalPatient): Promise<LocalFinding | undefined> {
  const { startMs } = patient.examination;
  const { params } = initialize(LATEST_LEGACY.version) as { params: Record<string, unknown> };
  const answer = await conversation.ask("initialize", params, { withinMs: startMs });
  if (answer === undefined) return noAnswer(conversation, patient);
  if (ownObject(answer, "result") !== undefined) return undefined;
  // A server of 2026-07-28 alone has no initialize.
  const discovered = await conversation.ask("server/discover");
  if (discovered === undefined || ownObject(discovered, "result") === undefined) {
    return localFault("start-unanswered", `initialize is answered with ${inWords(answer)}`, {
      client: "Cannot connect: initialize fails.",
      why: "Neither initialize nor server/discover is answered with a result.",
    });
  }
  patient.era = "modern";
  patient.version = MODERN.version;
  return undefined;
}

function noAnswer({ server, started }: Conversation, patient: LocalPatient): LocalFinding {
  const { program, startMs } = patient.examination;
  const said = server.stderrTail.trim() === "" ? "" : `; on stderr: ${lastLines(server.stderrTail)}`;
  if (server.failed !== undefined) {
    return localFault("program-missing", `${program.command}: ${server.failed.code ?? server.failed.message}`);
  }
  const missing = missingProgram(server.stderrTail);
  if (server.ended?.code === EXIT_NOT_FOUND && missing !== undefined) {
    return localFault("program-missing", `${missing} is not there${said}`);
  }
  if (server.ended !== undefined) {
    const { code, signal } = server.ended;
    return localFault("start-failed", `it ended with ${signal ?? code}${said}`);
  }
  const ports = listeningOf(patient.family(started)).map(({ address }) => address);
  const http = ports.length === 0 ? "" : `; it listens on ${ports.join(" and ")}, as a server on HTTP does`;
  return localFault("start-unanswered", `no answer in ${startMs / 1000} s${http}${said}`);
}

/** As shells and env(1) end when they cannot find what they are to start. */
const EXIT_NOT_FOUND = 127;

/** The name in what a shell or env(1) says about a program that is not there. */
export function missingProgram(stderr: string): string | undefined {
  const [, ofEnv] = /env: [‘'"]?([^\s:’'"]+)[’'"]?: No such file/.exec(stderr) ?? [];
  const [, ofShell] = /(?:^|[\s:])([^\s:]+): (?:command )?not found/m.exec(stderr) ?? [];
  return ofEnv ?? ofShell;
}

const SHOWN_LINES = 3;

/** The error in what a program said before it ended, without the stack below it; else its last lines. */
export function lastLines(text: string): string {
  const lines = text.trim().split("\n");
  const error = lines.findLast((line) => /^(?:\w+\.)*\w*(?:Error|Exception)\b/.test(line));
  return quoted(error ?? lines.slice(-SHOWN_LINES).join("\n"));
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
