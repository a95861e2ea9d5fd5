/** Server processes over one directory whose tools ask the client, and a client whose session any of them serves. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { afterAll, afterEach, beforeAll } from "vitest";
import { LegacySession, legacySession, type RawStream } from "../../support/raw-http.js";
import type { Revision, WireObject } from "../../support/wire-schema.js";

const FIXTURE = fileURLToPath(new URL("../fixtures/asking.ts", import.meta.url));
/** In the project, where the package `lmdb` is found. */
const BUNDLE = fileURLToPath(new URL(`../../../.tmp/asking-${process.pid}.mjs`, import.meta.url));

export class AskingNode {
  readonly name: string;
  url = "";
  /** Questions of its tools that were answered, as it says. */
  answered = 0;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(dir: string, name: string) {
    this.name = name;
    const env = Object.fromEntries(Object.entries(process.env).filter(([one]) => !one.startsWith("MCP_")));
    this.#child = spawn(process.execPath, [BUNDLE, dir, name], { env, stdio: ["ignore", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("the server has no stdout");
    this.#lines = createInterface(this.#child.stdout);
  }

  async listen(): Promise<void> {
    const [first] = (await once(this.#lines, "line")) as [string];
    this.url = first.replace(/^ready /, "");
    this.#lines.on("line", (line) => {
      if (line.startsWith("answered ")) this.answered += 1;
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await gone;
  }

  sleep(): void {
    this.#child.kill("SIGSTOP");
  }

  wake(): void {
    this.#child.kill("SIGCONT");
  }
}

export interface AskingNodes {
  readonly dir: string;
  /** Starts processes over the directory of this test. */
  start(...names: readonly string[]): Promise<readonly AskingNode[]>;
}

/** For a test file: its processes end and its directories go after each test. */
export function askingNodes(): () => AskingNodes {
  const nodes: AskingNode[] = [];
  const dirs: string[] = [];
  beforeAll(async () => {
    const options: BuildOptions = { bundle: true, platform: "node", format: "esm", external: ["lmdb"] };
    // The entry's imports for their effects count, whatever package.json says of the built files.
    await build({ ...options, entryPoints: [FIXTURE], outfile: BUNDLE, ignoreAnnotations: true, logLevel: "error" });
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.kill()));
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  afterAll(() => rmSync(BUNDLE, { force: true }));
  return () => {
    const dir = mkdtempSync(join(tmpdir(), "holdfast-asking-"));
    dirs.push(dir);
    const start = async (...names: readonly string[]) => {
      const started = names.map((name) => new AskingNode(dir, name));
      nodes.push(...started);
      await Promise.all(started.map((node) => node.listen()));
      return started;
    };
    return { dir, start };
  };
}

export const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} };

/** What `legacySession` opens, for one caller, at one node. */
export function openAt(node: AskingNode, user: string, revision: Revision = "2025-11-25"): Promise<LegacySession> {
  return legacySession(node.url, revision, { headers: { "x-user": user }, capabilities: CAPABILITIES });
}

/** The same session, spoken to at another node. */
export function at(node: AskingNode, { initializeResult, id, headers, recorder }: LegacySession): LegacySession {
  return new LegacySession(node.url, initializeResult, { id, headers, recorder });
}

/** A call whose tool has asked. */
export interface Asked {
  readonly stream: RawStream;
  readonly question: WireObject;
  /** What the tool returned. */
  result(): Promise<{ readonly by?: string; readonly answer?: unknown; readonly failed?: string }>;
}

export async function callAt(node: AskingNode, session: LegacySession, tool = "elicit"): Promise<Asked> {
  const there = at(node, session);
  // An id of its own: the ids of one session differ, whatever node they go to.
  calls += 1;
  const stream = await there.open(there.message("tools/call", { name: tool, arguments: {} }, `call-${calls}`));
  const question = await stream.messages.expect(({ method, id }) => method !== undefined && id !== undefined);
  const result = async () => {
    const answer = await stream.messages.expect((message) => "result" in message || "error" in message);
    const { content } = answer.result as { readonly content: readonly { readonly text: string }[] };
    return JSON.parse(content[0]?.text ?? "{}");
  };
  return { stream, question, result };
}
let calls = 0;

export const word = (text: string): WireObject => ({ action: "accept", content: { word: text } });
