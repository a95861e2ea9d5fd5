/** Projects of `holdfast init`, as whoever made one uses them: `npm ci`, `npm test`, `npm start`, a call. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CLI } from "./helpers/cli.js";

/** Several installations on a machine that does other things. */
const TIMEOUT_MS = 180_000;
// Outside the repository: nothing that it has installed is found from there.
const root = mkdtempSync(join(tmpdir(), "holdfast-init-"));

const started: ChildProcess[] = [];
afterAll(async () => {
  for (const child of started) await stop(child);
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  // npm, its shell and the server.
  process.kill(-child.pid, "SIGTERM");
  await closed;
}

interface Running {
  readonly child: ChildProcess;
  readonly text: () => string;
}

function start(
  cwd: string,
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MCP_|NODE_ENV$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  const child = spawn(program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, text: () => text };
}

async function run(cwd: string, command: readonly string[]): Promise<string> {
  const { child, text } = start(cwd, command);
  const [code] = (await once(child, "close")) as [number | null];
  // Marked, so that nobody takes the stacks in it for that of the error.
  expect(code, `${command.join(" ")}\n${text().replaceAll(/^/gm, "| ")}`).toBe(0);
  return text();
}

/** Resolves when the text has come. */
async function said({ child, text }: Running, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(text())?.[0];
    if (found !== undefined) return found;
    if (child.exitCode !== null) throw new Error(`it ended:\n${text()}`);
    await Promise.race([
      once(child.stdout ?? child, "data"),
      once(child.stderr ?? child, "data"),
      once(child, "close"),
    ]);
  }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

/** `npm ci && npm test && npm run types`, and what the lock file must not say. */
async function passes(project: string, ci: readonly string[] = []): Promise<void> {
  const lock = readFileSync(join(project, "package-lock.json"), "utf8");
  expect(lock).not.toMatch(/"resolved": "(?!file:vendor\/)/);
  await run(project, ["npm", "ci", ...ci, "--no-audit", "--no-fund"]);
  const report = await run(project, ["npm", "test"]);
  expect(report).toMatch(/Test Files +2 passed \(2\)/);
  await run(project, ["npm", "run", "types"]);
}

async function serving(project: string, rest: readonly string[] = []): Promise<string> {
  const server = start(project, ["npm", "start"], { MCP_PORT: await freePort() });
  const url = (await said(server, /http:\/\/127\.0\.0\.1:\d+\/mcp/)) as string;
  const call = [process.execPath, ...rest, "node_modules/holdfast/dist/cli.js", "call", url];
  const answer = await run(project, [...call, "add_note", "title=Milk"]);
  expect(answer).toContain('"title": "Milk"');
  const found = await run(project, [...call, "search_notes", "query=milk", "--json"]);
  await stop(server.child);
  return found;
}

// One after the other: each starts installers and test runners of its own, which time out when too many share a core.
describe("a project", () => {
  it("of the template basic, made by a checkout, passes its tests and serves", { timeout: TIMEOUT_MS }, async () => {
    await run(root, [process.execPath, CLI, "init", "basic"]);
    const project = join(root, "basic");
    expect(readdirSync(join(project, "vendor"))).toEqual([expect.stringMatching(/^holdfast-.*\.tgz$/)]);
    // Everything is installed: that is left as it is, if the lock file fits.
    await passes(project, ["--dry-run"]);
    expect(await serving(project)).toContain("Milk");
    expect(await run(project, ["npm", "run", "call", "--", "add_note", "title=Bread"])).toContain("Bread");
  });

  it("of the template http, made by an installed package, passes its tests and serves", {
    timeout: TIMEOUT_MS,
  }, async () => {
    // As a project has it that installed the packed file, and inside a workspace, which must not take it in.
    const host = join(root, "host");
    mkdirSync(join(host, "packages"), { recursive: true });
    const manifest = `${JSON.stringify({ name: "host", version: "1.0.0", private: true, workspaces: ["packages/*"] })}\n`;
    await run(root, ["npm", "pack", join(CLI, "../.."), "--pack-destination", host, "--ignore-scripts"]);
    const [packed = ""] = readdirSync(host).filter((name) => name.endsWith(".tgz"));
    writeFileSync(join(host, "package.json"), manifest);
    await run(host, ["npm", "install", `./${packed}`, "--omit=optional", "--no-audit", "--no-fund"]);
    await run(host, ["npx", "holdfast", "init", "packages/notes", "--template", "http", "--no-install"]);
    const project = join(host, "packages", "notes");
    expect(readdirSync(project)).not.toContain("node_modules");
    // On its own from here on.
    writeFileSync(join(host, "package.json"), manifest.replace("packages/*", "others/*"));
    await passes(project);
    expect(await serving(project, ["--env-file=.env"])).toContain("Milk");
    expect(readFileSync(join(project, "data", "notes.jsonl"), "utf8")).toContain('"title":"Milk"');
  });
});
