import { examineLocal, type LocalCheckName, type LocalOptions } from "../doctor/index.js";
import { type OnProgress, tell } from "./doctor-report.js";
import { type ExitCode, usage } from "./errors.js";
import type { Invocation } from "./spec.js";
import { type Target, targetOf } from "./target.js";

/** Options that speak of what stands between a client and a URL. */
const OF_URLS = ["direct", "tool", "origin", "firstEvent", "header", "token"];

/** `holdfast doctor --local FILE`, or `-- COMMAND`: starts a server on stdio as clients do. */
export async function doctorLocal(invocation: Invocation): Promise<ExitCode> {
  const { options } = invocation;
  const { target, words } = targetOf(invocation);
  if (target.kind === "url")
    throw usage("--local is for servers on stdio.", `For a URL: holdfast doctor ${target.label}`);
  if (words.length > 0) throw usage(`What is ${words[0]}?`, "Arguments of the server come with its command after --.");
  const strange = OF_URLS.find((name) => options[name] !== undefined);
  if (strange !== undefined) throw usage(`--${strange === "firstEvent" ? "first-event" : strange} is for URLs.`);
  // Ctrl-C must leave no server behind.
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    const examination = { ...optionsOf(options), signal: interrupted.signal };
    const examine = (onProgress: OnProgress) => examineLocal(startOf(target), { ...examination, onProgress });
    return await tell({ command: programOf(target) }, examine, options);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
  }
}

type Started = Exclude<Target, { readonly kind: "url" }>;

function startOf(target: Started): { readonly command: string; readonly args: readonly string[] } {
  if (target.kind === "command") return target;
  return { command: process.execPath, args: [process.argv[1] ?? "", "run", target.file] };
}

function programOf(target: Started): readonly string[] {
  const { command, args } = startOf(target);
  return [command, ...args];
}

function optionsOf({ check, idle, timeout }: Invocation["options"]): LocalOptions {
  const ms = (value: unknown) => Number(value) * 1000;
  return {
    ...(Array.isArray(check) && { checks: check as LocalCheckName[] }),
    ...(typeof idle === "string" && { idleMs: ms(idle) }),
    ...(typeof timeout === "string" && { answerMs: ms(timeout) }),
  };
}
