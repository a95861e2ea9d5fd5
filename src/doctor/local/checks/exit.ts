/** How a server ends, and what it leaves behind. */
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Conversation } from "../conversation.js";
import { localFault, localNote, localSound } from "../findings.js";
import type { LocalPatient, Started } from "../patient.js";
import { canSeeProcesses, isAlive, kill, listeningOf, type ProcessFacts } from "../processes.js";
import type { Ending } from "../server-process.js";
import type { LocalFinding } from "../types.js";

/** Programs whose only work is to start another. */
const WRAPPERS = /^(?:sh|bash|dash|zsh|fish|env|npx|npm|pnpm|yarn|bunx|uvx|uv|pipx|poetry|nohup|time)$/;
const LOOK_AGAIN_MS = 20;

export async function* checkExit(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const left: LocalFinding[] = [];
  for (const how of ["eof", "SIGTERM", "SIGINT"] as const) {
    if (how !== "eof" && process.platform === "win32") {
      yield localNote("exit", "not-checked", `${how}: not checked on Windows`);
      continue;
    }
    const outcome = await leave(patient, how);
    if (outcome === undefined) return;
    yield verdict(outcome, how, patient);
    if (outcome.left !== undefined) left.push(outcome.left);
  }
  if (left[0] !== undefined) yield left[0];
  else if (canSeeProcesses) yield localSound("exit", "nothing-left", "no process and no socket is left behind");
  else yield localNote("exit", "not-checked", "children that are left behind: not checked, there is no /proc here");
  // Where the end of stdin alone is ignored, so is that of everything.
  if (!patient.ignoresEof && process.platform !== "win32") yield* clientDeath(patient);
}

type How = "eof" | "SIGTERM" | "SIGINT";

interface Outcome {
  /** Undefined when it did not end. */
  readonly ended: Ending | undefined;
  readonly left: LocalFinding | undefined;
}

async function leave(patient: LocalPatient, how: How): Promise<Outcome | undefined> {
  const conversation = await patient.open();
  if (conversation === undefined) return undefined;
  const { server, started } = conversation;
  const { exitMs } = patient.examination;
  const before = patient.family(started);
  if (how === "eof") server.closeStdin();
  else server.signal(how);
  await server.until(() => server.isOver, exitMs);
  const { ended } = server;
  let left: LocalFinding | undefined;
  if (ended !== undefined) {
    await server.letGo();
    const survivors = await survivorsOf(patient, started, before);
    if (survivors.length > 0) left = leftBehind(patient, survivors, how);
    for (const { pid } of survivors) kill(pid);
  }
  await patient.end(started);
  return { ended, left };
}

function verdict({ ended }: Outcome, how: How, patient: LocalPatient): LocalFinding {
  const after = how === "eof" ? "stdin was closed" : how;
  const limit = `${patient.examination.exitMs / 1000} s`;
  if (ended === undefined) {
    if (how === "eof") patient.ignoresEof = true;
    const id = how === "eof" ? "eof-ignored" : how === "SIGTERM" ? "sigterm-ignored" : "sigint-ignored";
    return localFault(id, `it still runs ${limit} after ${after}`);
  }
  const end = ended.signal ?? `code ${ended.code}`;
  if (how === "eof" && ended.code !== 0)
    return localFault("eof-exit-code", `it ended with ${end} when stdin was closed`);
  return localSound("exit", how === "eof" ? "eof" : how.toLowerCase(), `ends with ${end} after ${after}`);
}

/** Children may take as long as the server. */
async function survivorsOf(
  patient: LocalPatient,
  started: Started,
  before: readonly ProcessFacts[],
): Promise<readonly ProcessFacts[]> {
  const until = performance.now() + patient.examination.exitMs;
  const look = () => {
    const now = patient.family(started);
    const known = new Set(now.map(({ pid }) => pid));
    // One that has cleared its environment is known from before.
    return [...now, ...before.filter(({ pid }) => !known.has(pid) && isAlive(pid))];
  };
  let left = look();
  while (left.length > 0 && performance.now() < until) {
    await pause(LOOK_AGAIN_MS);
    left = look();
  }
  return left;
}

function leftBehind(patient: LocalPatient, survivors: readonly ProcessFacts[], how: How): LocalFinding {
  const { command } = patient.examination.program;
  const names = survivors.map(({ pid, command: line }) => `${line || "a process"} (${pid})`).join(", ");
  const ports = listeningOf(survivors).map(({ address }) => address);
  const sockets = ports.length === 0 ? "" : `, and still listens on ${ports.join(" and ")}`;
  const after = how === "eof" ? "stdin was closed" : how;
  const name = basename(command);
  if (WRAPPERS.test(name))
    return localFault("wrapper-leaves-server", `after ${after} ${name} ended, but not ${names}${sockets}`);
  return localFault("orphan-children", `after ${after} the server ended, but not ${names}${sockets}`);
}

/** Passes everything on, and says which process the server is. */
const CLIENT = `
const { spawn } = require("node:child_process");
const [command, ...args] = process.argv.slice(1);
const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
process.stderr.write("pid " + child.pid + "\\n");
process.stdin.pipe(child.stdin);
child.stdout.pipe(process.stdout);
child.on("exit", () => process.exit(1));
`;

async function* clientDeath(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const { program, exitMs } = patient.examination;
  // A command line in which nothing is taken for an option of Node.
  const client = { command: process.execPath, args: ["-e", CLIENT, "--", program.command, ...program.args] };
  const conversation = new Conversation(patient.start({ program: client }), patient);
  const { server, started } = conversation;
  const isReady = await conversation.greet();
  const pid = Number(/pid (\d+)/.exec(server.stderrTail)?.[1]);
  if (!isReady || !(pid > 0)) {
    await patient.end(started);
    yield localNote(
      "exit",
      "not-checked",
      "death of the client: not checked, the server did not start behind another process",
    );
    return;
  }
  server.signal("SIGKILL");
  await server.until(() => server.isOver, exitMs);
  const until = performance.now() + exitMs;
  while (isAlive(pid) && performance.now() < until) await pause(LOOK_AGAIN_MS);
  const survived = isAlive(pid);
  if (survived) kill(pid);
  await patient.clear(started);
  if (survived)
    yield localFault("client-death-ignored", `it still runs ${exitMs / 1000} s after its client was killed`);
  else yield localSound("exit", "client-death", "ends when its client is killed");
}
