import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { RunHandle } from "../runtimes/run.js";
import type { RunOptions } from "../runtimes/run-options.js";
import { CliError, EXIT, usage } from "./errors.js";
import { didYouMean } from "./suggest.js";

const TYPESCRIPT: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".tsx"]);
const JAVASCRIPT: ReadonlySet<string> = new Set([".js", ".mjs", ".cjs"]);

/** What the command needs of a server; it may come from another copy of the package than the command itself. */
export interface ServerLike {
  run(options: RunOptions): Promise<RunHandle>;
}

/** True for what `run` can serve, whether it is there or not. */
export function isServerFile(name: string): boolean {
  return TYPESCRIPT.has(extname(name)) || JAVASCRIPT.has(extname(name));
}

/** The absolute path of a server's file. @throws CliError when there is none. */
export function serverFile(name: string): string {
  const path = resolve(name);
  if (!existsSync(path)) throw usage(`There is no file ${name}.`);
  if (statSync(path).isFile() && isServerFile(path)) return path;
  throw usage(
    `${name} is no file that can be served.`,
    "Give a .ts, .mts, .js or .mjs file that exports an McpServer.",
  );
}

/** Imports the file, TypeScript included. What it throws is its own matter and keeps its stack. */
export async function importServer(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (TYPESCRIPT.has(extname(path))) await prepareTypeScript(path);
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
}

/** Installs tsx of the server's own project, else that beside the command; newer versions of Node need neither. */
async function prepareTypeScript(path: string): Promise<void> {
  for (const from of [path, import.meta.url]) {
    const tsx = resolved("tsx", from);
    if (tsx === undefined) continue;
    await import(pathToFileURL(tsx).href);
    return;
  }
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript !== undefined && typescript !== false) return;
  throw usage(
    "A TypeScript file needs tsx, which is not installed here.",
    "npm install --save-dev tsx\nOr compile the file and run the JavaScript.",
  );
}

/** Installs the stdout guard before the file can print, when stdout will carry the protocol; it looks by itself. */
export async function guardStdout(path: string): Promise<void> {
  const guard = resolved("holdfast/stdio-guard", path) ?? resolved("holdfast/stdio-guard", import.meta.url);
  if (guard !== undefined) await import(pathToFileURL(guard).href);
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

/** The server among the exports, or undefined when there is none. @throws CliError when it is not clear which. */
export function serverIn(
  exports: Readonly<Record<string, unknown>>,
  name: string | undefined,
  file: string,
): ServerLike | undefined {
  // What a CommonJS module exports is its default export, once more.
  const inner = exports.default;
  const all = [...(isRecord(inner) && !isServer(inner) ? Object.entries(inner) : []), ...Object.entries(exports)];
  const servers = all.filter((entry): entry is [string, ServerLike] => isServer(entry[1]));
  if (name !== undefined) {
    const found = servers.find(([key]) => key === name)?.[1];
    if (found !== undefined) return found;
    const hint = didYouMean(
      name,
      servers.map(([key]) => key),
    );
    throw usage(`${file} exports no McpServer called ${name}.`, hint);
  }
  const byDefault = servers.find(([key]) => key === "default")?.[1];
  if (byDefault !== undefined) return byDefault;
  const distinct = [...new Set(servers.map(([, server]) => server))];
  if (distinct.length <= 1) return distinct[0];
  throw usage(
    `${file} exports several servers: ${[...new Set(servers.map(([key]) => key))].join(", ")}.`,
    "Choose one with --export NAME.",
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** By what it can do: `instanceof` would ask which copy of the package it is from. */
function isServer(value: unknown): value is ServerLike {
  if (!isRecord(value)) return false;
  return ["run", "registerTool", "node", "fetch"].every((member) => typeof value[member] === "function");
}

export function noServer(file: string): CliError {
  return new CliError(EXIT.usage, `${file} exports no McpServer and does not call run().`, {
    hint: 'For example: export default new McpServer({ name: "demo", version: "1.0.0" });',
  });
}
