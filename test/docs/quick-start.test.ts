/**
 * The first server by copy and paste: the package as it is packed, in an empty folder, with the commands and programs of
 * docs/quick-start.md and the README as they stand there. Only ports are others.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/nginx.js";
import { blocks, ROOT } from "./helpers/pages.js";

const QUICK_START = "docs/quick-start.md";
/** npm on a slow machine, with an empty cache. */
const INSTALL_MS = 240_000;
/** Starting a program through npx and tsx. */
const START_MS = 60_000;

const folder = realpathSync(mkdtempSync(join(tmpdir(), "quick-start-")));
const children: ChildProcess[] = [];

const find = (page: string, language: string, text: string): string => {
  const found = blocks(page, language).find((block) => block.includes(text));
  if (found === undefined) throw new Error(`${page} has no block with ${text}`);
  return found;
};

function sh(script: string, env: Readonly<Record<string, string>> = {}): string {
  const all = { ...process.env, npm_config_audit: "false", npm_config_fund: "false", ...env };
  const options = { cwd: folder, env: all, encoding: "utf8", timeout: INSTALL_MS, stdio: ["ignore", "pipe", "pipe"] };
  return execFileSync("bash", ["-ec", script], options as { encoding: "utf8" });
}

/** Runs a command of the page until its server says that it listens; gives the page's URL with the port in it. */
async function listening(
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<(text: string) => string> {
  const port = String(await freePort());
  // A group of its own: npx, tsx and the server end together.
  const child = spawn("bash", ["-ec", command], {
    ...{ cwd: folder, env: { ...process.env, ...env, MCP_PORT: port } },
    ...{ detached: true, stdio: ["ignore", "ignore", "pipe"] },
  });
  children.push(child);
  let said = "";
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not listening: ${said}`)), START_MS);
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (!said.includes("listening")) return;
      clearTimeout(timer);
      resolve();
    });
    child.once("exit", () => reject(new Error(`it ended: ${said}`)));
  });
  await ready;
  return (text) => text.replaceAll("127.0.0.1:8000", `127.0.0.1:${port}`);
}

beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    ...{ cwd: ROOT, encoding: "utf8" },
  });
  const archive = packed.trim().split("\n").at(-1) ?? "";
  sh(find(QUICK_START, "sh", "npm init -y").replace("../holdfast/holdfast-0.1.0.tgz", `./${archive}`));
}, INSTALL_MS);

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.pid === undefined) continue;
    const ended = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    await ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const resultOf = (text: string): unknown => (JSON.parse(text) as { result: unknown }).result;

test("the package in use is the one that was packed", () => {
  const resolved = sh(`node --input-type=module -e 'console.log(import.meta.resolve("holdfast"))'`);
  expect(resolved).toContain(`${folder}/node_modules/holdfast/`);
});

test("README: the first server, its command and its call", { timeout: 2 * START_MS }, async () => {
  writeFileSync(join(folder, "server.ts"), find("README.md", "ts", '"add"'));
  const at = await listening(find("README.md", "sh", "MCP_TRANSPORT=http npx tsx server.ts"));
  const answer = sh(at(find("README.md", "sh", '"name":"add"')));
  expect(resultOf(answer)).toEqual({ content: [{ type: "text", text: '{"sum":5}' }] });
});

test("quick start: the server, its command, and the answer that the page shows", {
  timeout: 2 * START_MS,
}, async () => {
  writeFileSync(join(folder, "server.ts"), find(QUICK_START, "ts", '"get_stock"'));
  const [, http = ""] = find(QUICK_START, "sh", "MCP_TRANSPORT=http").split("\n");
  const at = await listening(http);
  const answer = sh(at(find(QUICK_START, "sh", '"name":"get_stock"')));
  expect(JSON.parse(answer)).toEqual(JSON.parse(find(QUICK_START, "json", "pieces")));
});

test("quick start: over stdio it waits in silence, and ends with its client", { timeout: START_MS }, () => {
  const [stdio = ""] = find(QUICK_START, "sh", "MCP_TRANSPORT=http").split("\n");
  expect(sh(stdio)).toBe("");
});

test("quick start: the command calls the server of the file", { timeout: INSTALL_MS }, () => {
  expect(JSON.parse(sh(`${find(QUICK_START, "sh", "npx holdfast call")}`).replace(/^[^{]*/, ""))).toEqual({
    pieces: 12,
  });
});

test("quick start: a key, the server that knows it, a call with it and one without", {
  timeout: 2 * START_MS,
}, async () => {
  writeFileSync(join(folder, "secured.ts"), find(QUICK_START, "ts", "apiKeys"));
  const made = sh(`${find(QUICK_START, "sh", "keys api").trim()} --json`);
  const { key, hash } = JSON.parse(made) as { key: string; hash: string };
  const at = await listening(find(QUICK_START, "sh", "secured.ts").replace("the-hash", hash));
  const curl = at(find(QUICK_START, "sh", '"name":"set_stock"'));
  expect(sh(curl.replace("the-key", key))).toContain("clerk set hammer to 3");
  expect(sh(curl.replace(/ -H 'Authorization[^']*'/, ""))).toMatch(/^HTTP\/1\.1 401 /);
});

test("quick start: the test", { timeout: START_MS }, () => {
  writeFileSync(join(folder, "warehouse.test.ts"), find(QUICK_START, "ts", "close_warehouse"));
  expect(sh("npx tsx warehouse.test.ts")).toBe("");
});
