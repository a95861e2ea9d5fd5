/** Runs fixture programs as real processes, with stdout and stderr made in the ways that hosts make them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** More options for Node, before the program. */
  readonly node?: readonly string[];
}

/** The path of a fixture program. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** The arguments for Node that run a fixture written in TypeScript. */
export function nodeArguments(name: string, args: readonly string[], options: RunOptions = {}): string[] {
  return ["--import", TSX, ...(options.node ?? []), fixture(name), ...args];
}

/** Starts a fixture the way a host written in Node does: all three streams are socket pairs. */
export function start(name: string, args: readonly string[] = [], options: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, nodeArguments(name, args, options), {
    cwd: ROOT,
    env: environment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Runs a fixture to its end over socket pairs. */
export async function run(name: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
  return collect(start(name, args, options));
}

/**
 * Runs a fixture inside a shell command. `$NODE` is the command line of the program, `$OUT` and `$ERR` are
 * files; what they hold at the end is the result (or the output of the shell where they stay empty).
 */
export async function runInShell(
  command: string,
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-stdio-"));
  const out = join(directory, "out");
  const err = join(directory, "err");
  writeFileSync(out, "");
  writeFileSync(err, "");
  const words = [process.execPath, ...nodeArguments(name, args, options)];
  const program = join(directory, "program.sh");
  writeFileSync(program, `exec ${words.map(quote).join(" ")}\n`);
  try {
    const child = spawn("sh", ["-c", command], {
      cwd: ROOT,
      env: environment({ ...options.env, NODE: `sh ${program}`, OUT: out, ERR: err }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const shell = await collect(child);
    return {
      stdout: readFileSync(out, "utf8") || shell.stdout,
      stderr: readFileSync(err, "utf8") || shell.stderr,
      code: shell.code,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Everything a process prints, and its end. */
export async function collect(child: ChildProcess): Promise<Result> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code };
}

/** Resolves with everything printed so far as soon as it matches. */
export function waitFor(stream: NodeJS.ReadableStream | null, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (pattern.test(text)) resolve(text);
    });
    stream?.on("end", () => reject(new Error(`ended without ${pattern}: ${text}`)));
  });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Without what the test runner sets for its own processes. */
function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, MCP_TRANSPORT: _transport, NODE_CHANNEL_FD: _channel, ...rest } = process.env;
  return { ...rest, ...extra };
}
