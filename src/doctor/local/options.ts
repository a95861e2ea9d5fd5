import { LOCAL_CHECKS, type LocalExamination, type LocalOptions, type Program } from "./types.js";

/** A request that does nothing; a person is waiting. */
const DEFAULT_ANSWER_MS = 10_000;
/** What Claude Code (`MCP_TIMEOUT`) and Cline wait for the first answer; the official clients wait 60 s. */
const DEFAULT_START_MS = 30_000;
/** Half of what the least patient client waits, Codex with 10 s (`startup_timeout_sec`): others' machines are slower. */
const DEFAULT_SLOW_START_MS = 5000;
/** After closing stdin, and again after SIGTERM, the official clients wait this long before they use force. */
const DEFAULT_EXIT_MS = 2000;
/** Long enough for the scheduler's ticks to tell a busy process from an idle one. */
const DEFAULT_IDLE_MS = 1000;

/** Fills in defaults. Throws a TypeError for what cannot be used. */
export function resolveLocalExamination(program: Program, options: LocalOptions): LocalExamination {
  for (const check of options.checks ?? []) {
    if (!LOCAL_CHECKS.includes(check)) {
      throw new TypeError(`unknown check ${check}. Checks of a local server: ${LOCAL_CHECKS.join(", ")}`);
    }
  }
  const number = (name: "answerMs" | "startMs" | "slowStartMs" | "exitMs" | "idleMs", preset: number): number => {
    const value = options[name] ?? preset;
    if (!(value > 0) || !Number.isFinite(value)) throw new TypeError(`${name} must be a number above 0`);
    return value;
  };
  return {
    program,
    checks: new Set(options.checks ?? LOCAL_CHECKS),
    answerMs: number("answerMs", DEFAULT_ANSWER_MS),
    startMs: number("startMs", DEFAULT_START_MS),
    slowStartMs: number("slowStartMs", DEFAULT_SLOW_START_MS),
    exitMs: number("exitMs", DEFAULT_EXIT_MS),
    idleMs: number("idleMs", DEFAULT_IDLE_MS),
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd(),
    signal: options.signal,
    onProgress: options.onProgress,
  };
}
