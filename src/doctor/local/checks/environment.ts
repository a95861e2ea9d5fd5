/** Surroundings that are poorer than a shell: what desktop clients give, and a stderr that nobody reads. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Conversation } from "../conversation.js";
import type { StartFault } from "../faults/start.js";
import { localFault, localNote, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import type { LocalFinding, Program } from "../types.js";
import { lastLines, missingProgram } from "./start.js";

/** What a program started from the desktop has on macOS, and without more on Linux. */
const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
/** What the official clients pass on (`getDefaultEnvironment`), PATH aside. */
const PASSED_ON = ["HOME", "LOGNAME", "SHELL", "TERM", "USER"] as const;
/** A quarter of the pipe that holds it when nobody reads. */
const NOISY_BYTES = 16_384;
/** With a line of 200 bytes for each, the pipe would be half full; what logs whole messages fills it. */
const REQUESTS = 150;

export async function* checkEnvironment(patient: LocalPatient): AsyncIterable<LocalFinding> {
  if (process.platform === "win32")
    yield localNote("environment", "not-checked", "surroundings: not checked on Windows");
  else {
    yield* surroundings(patient);
    yield* silence(patient);
  }
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly program: Program;
}

async function* surroundings(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const { env, cwd, program } = patient.examination;
  // What a relative path means depends on who starts it, and everybody writes the whole one into a configuration.
  const absolute = { command: whole(program.command, cwd), args: program.args.map((one) => whole(one, cwd)) };
  const given = { env, cwd, program: absolute };
  const bare = Object.fromEntries(PASSED_ON.map((name) => [name, env[name]]));
  if ((await attempt(patient, { env: { ...bare, PATH: SYSTEM_PATH }, cwd: "/", program: absolute })) === undefined) {
    yield localSound("environment", "poor-environment", `works in /, with PATH=${SYSTEM_PATH} and HOME`);
    return;
  }
  const changes: readonly (readonly [StartFault, Surroundings])[] = [
    ["path-needed", { ...given, env: { ...env, PATH: SYSTEM_PATH } }],
    ["folder-needed", { ...given, cwd: "/" }],
    ["variables-needed", { ...given, env: { ...bare, PATH: env.PATH } }],
  ];
  let isFound = false;
  for (const [id, changed] of changes) {
    const trouble = await attempt(patient, changed);
    if (trouble === undefined) continue;
    isFound = true;
    yield localFault(id, trouble);
  }
  if (!isFound)
    yield localFault("variables-needed", "it starts with one of PATH, folder and variables changed, but not with all");
}

function whole(word: string, cwd: string): string {
  const path = resolve(cwd, word);
  return !word.startsWith("-") && word.includes(".") && existsSync(path) ? path : word;
}

/** What goes wrong in other surroundings, or undefined. */
async function attempt(patient: LocalPatient, { env, cwd, program }: Surroundings): Promise<string | undefined> {
  const conversation = new Conversation(patient.start({ env, cwd, program }), patient);
  const { server, started } = conversation;
  const works = await conversation.greet();
  const said = lastLines(server.stderrTail);
  const missing = server.failed === undefined ? missingProgram(server.stderrTail) : program.command;
  const how = server.ended === undefined ? "no answer" : `it ended with ${server.ended.signal ?? server.ended.code}`;
  await patient.end(started);
  if (works) return undefined;
  return missing === undefined ? `${how}${said && `; on stderr: ${said}`}` : `${missing} is not found`;
}

/** Logs that fill a pipe which nobody reads. */
async function* silence(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-doctor-"));
  try {
    const pipe = join(folder, "stderr");
    if (spawnSync("mkfifo", [pipe]).status !== 0) {
      yield localNote("environment", "not-checked", "an unread stderr: not checked, there is no mkfifo here");
      return;
    }
    const descriptor = openSync(pipe, constants.O_RDWR);
    try {
      const blocked = await isBlocked(patient, descriptor);
      if (blocked !== undefined) yield localFault("stderr-blocks", blocked);
      else yield* noise(patient);
    } finally {
      closeSync(descriptor);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function isBlocked(patient: LocalPatient, stderr: number): Promise<string | undefined> {
  const conversation = new Conversation(patient.start({ stderr }), patient);
  let answered = -1;
  if (await conversation.greet()) {
    for (answered = 0; answered < REQUESTS; answered += 1) {
      if ((await conversation.poke()) === undefined) break;
    }
  }
  await patient.end(conversation.started);
  if (answered === REQUESTS) return undefined;
  return answered < 0
    ? "initialize is not answered while nobody reads stderr"
    : `no answer after ${answered} requests while nobody reads stderr`;
}

async function* noise(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const conversation = await patient.open();
  if (conversation === undefined) return;
  await conversation.poke();
  const { stderrBytes, stderrTail } = conversation.server;
  await patient.end(conversation.started);
  const seen = `${stderrBytes} bytes on stderr before the first call`;
  if (stderrBytes > NOISY_BYTES) yield localFault("stderr-noisy", `${seen}, at last: ${lastLines(stderrTail)}`);
  else yield localSound("environment", "stderr", `${seen}; goes on when nobody reads it`);
}
