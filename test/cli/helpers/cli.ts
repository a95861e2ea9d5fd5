/** The built command in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach } from "vitest";

export const ROOT: string = fileURLToPath(new URL("../../..", import.meta.url));
export const CLI: string = join(ROOT, "dist", "cli.js");
/** Above what a busy machine takes to start two processes. */
const TIMEOUT_MS = 25_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Spawning {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly script?: string;
}

/** What a test's own shell has set must not decide. */
function environment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(MCP_|NO_COLOR$|FORCE_COLOR$|VITEST)/.test(name));
  return { ...Object.fromEntries(inherited), ...env };
}

export async function holdfast(
  args: readonly string[],
  { env, cwd = ROOT, input, script = CLI }: Spawning = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], { cwd, env: environment(env), timeout: TIMEOUT_MS });
  const output = collect(child);
  child.stdin.end(input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

function collect(child: ChildProcess): { readonly stdout: () => string; readonly stderr: () => string } {
  const text = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    text.stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    text.stderr += chunk.toString();
  });
  return { stdout: () => text.stdout, stderr: () => text.stderr };
}

export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with how it ended. */
  readonly ended: Promise<Ended>;
}

/** Starts commands that go on, and ends those that a test leaves. */
export function running(): (args: readonly string[], options?: Spawning) => Running {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    }
  });
  return (args, { env, cwd = ROOT, script = CLI } = {}) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd,
      env: environment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const output = collect(child);
    const ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      stdout: output.stdout(),
      stderr: output.stderr(),
    }));
    return { child, ...output, ended };
  };
}

/** Listens on a free port and gives the URL of `/mcp`. */
export async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

/** A folder inside the repository, so that its files import the package as users do. */
export function folder(): {
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => string;
} {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  const root = mkdtempSync(join(ROOT, ".tmp", "cli-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string) => join(root, name);
  return {
    path,
    write: (name, text) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), text);
      return path(name);
    },
  };
}

/** A server's file: a tool `about` that says how it was started. `last` is its last line. */
export function serverText(
  last: string,
  { name = "fixture", before = "" }: { readonly name?: string; readonly before?: string } = {},
): string {
  return `import { McpServer } from "holdfast";
${before}
const mcp = new McpServer({ name: ${JSON.stringify(name)}, version: "1.0.0" });
mcp.registerTool("about", { description: "Says who answers." }, (ctx) => ({
  name: ${JSON.stringify(name)},
  argv: process.argv.slice(2),
  subject: ctx.principal.subject,
  transport: ctx.transport,
}));
${last}
`;
}
