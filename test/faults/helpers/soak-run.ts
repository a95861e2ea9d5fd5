/** Scenarios of scripts/soak.mjs, run as people run them. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../../scripts/soak.mjs", import.meta.url));

/** One figure of a scenario; `pass` is missing where a figure has no bound. */
export interface SoakRow {
  readonly scenario: string;
  readonly what: string;
  readonly figure: number | string;
  readonly bound: string;
  readonly pass?: boolean;
}

export interface SoakRun {
  readonly exitCode: number | null;
  readonly rows: readonly SoakRow[];
  /** What the run said on the way. */
  readonly progress: string;
}

/** Runs one scenario with a part of its counts; ends it when `signal` says so. */
export async function runSoak(scenario: string, scale: number, signal: AbortSignal): Promise<SoakRun> {
  const args = [SCRIPT, "--json", "--scale", String(scale), "--only", scenario];
  // SIGTERM: the script ends the servers it started.
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], signal, killSignal: "SIGTERM" });
  let output = "";
  let progress = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    progress += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { exitCode, rows: output === "" ? [] : (JSON.parse(output) as SoakRow[]), progress };
}
