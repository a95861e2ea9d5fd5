/** npm as a child process: for the lock file, the packages, and a file of this package where no registry has it. */
import { spawn } from "node:child_process";
import { oneLine, ProgressLine } from "./terminal.js";

/** Of what npm says; why it failed comes first, advice and stacks later. */
const MAX_OUTPUT = 65_536;
const MAX_LINES = 6;
const TICK_MS = 1000;
/** npm waits up to a minute before it tells that there is no network; what its user has set comes first. */
const IMPATIENT = { npm_config_fetch_retries: "1", npm_config_fetch_retry_mintimeout: "2000" };

/** Set by npm for its children, when this command runs under `npx` or a script: they speak of that other project. */
const OTHERS_SETTINGS =
  /^npm_config_(call|dry_run|global|include_workspace_root|json|local_prefix|location|omit|only|package|package_lock_only|prefix|production|workspaces?)$/i;

export interface NpmRun {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Shown on a terminal while it runs. */
  readonly doing: string;
}

export interface NpmEnd {
  readonly ok: boolean;
  /** Why it failed, in its words. */
  readonly said: readonly string[];
}

export function npm({ cwd, args, doing }: NpmRun): Promise<NpmEnd> {
  const [program, before, shell] = npmProgram();
  const own = Object.entries(process.env).filter(([name]) => !OTHERS_SETTINGS.test(name));
  const env = { ...IMPATIENT, ...Object.fromEntries(own) };
  const line = new ProgressLine();
  const begun = Date.now();
  const tick = (): void => line.show({ progress: Math.round((Date.now() - begun) / TICK_MS), message: `s, ${doing}` });
  tick();
  const timer = setInterval(tick, TICK_MS);
  return new Promise<NpmEnd>((resolve) => {
    const words = shell ? args.map((word) => (/\s/.test(word) ? `"${word}"` : word)) : args;
    const child = spawn(program, [...before, ...words], { cwd, env, shell, stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(0, MAX_OUTPUT);
    });
    const end = (ok: boolean, more: string): void => {
      clearInterval(timer);
      line.clear();
      resolve({ ok, said: reasonIn(`${text}\n${more}`) });
    };
    child.once("error", (error) => end(false, `${program}: ${error.message}`));
    child.once("close", (code) => end(code === 0, ""));
  });
}

/** The npm that runs this command, where one does; else that of PATH, which is a script on Windows. */
function npmProgram(): readonly [program: string, before: readonly string[], shell: boolean] {
  const path = process.env.npm_execpath ?? "";
  if (/[\\/]npm-cli\.js$/.test(path)) return [process.execPath, [path], false];
  // npx-cli.js lies beside it.
  if (/[\\/]npx-cli\.js$/.test(path)) return [process.execPath, [path.replace(/npx-cli\.js$/, "npm-cli.js")], false];
  return ["npm", [], process.platform === "win32"];
}

function reasonIn(text: string): readonly string[] {
  const lines = text.split("\n").map(oneLine).filter(Boolean);
  const errors = lines.filter((line) => /^npm (error|ERR!) (?!at )\S/.test(line));
  return (errors.length > 0 ? errors : lines).slice(0, MAX_LINES);
}
