/** The programs of docs/mounting, run as they stand. That they compile is for test/docs.test.ts to say. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NextRequest } from "next/server.js";
import { afterAll, describe, expect, it } from "vitest";
import { v1Driver, v2Driver } from "../support/official.js";
import { bridge } from "./fetch-bridge.js";
import { freePort, listen } from "./serving.js";
import { serveWorker } from "./workerd.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = join(ROOT, "docs/mounting");

mkdirSync(join(ROOT, ".tmp"), { recursive: true });
// Inside the repository, so that imports resolve as they do for a reader.
const folder = mkdtempSync(join(ROOT, ".tmp/pages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs = readdirSync(PAGES).flatMap((page) => {
  const text = readFileSync(join(PAGES, page), "utf8");
  const found = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program = ""]) => program);
  return found.map((program, index) => ({ name: `${page} ${index + 1}`, page, program }));
});
const listening = programs.filter(({ program }) => program.includes("process.env.PORT"));
const programOf = (wanted: string) => programs.find(({ page }) => page === wanted)?.program ?? "";

it("has a program for every framework", () => {
  const pages = new Set(listening.map(({ page }) => page));
  expect([...pages].sort()).toEqual(["express.md", "fastify.md", "hono.md", "node-http.md"]);
});

describe.each(listening)("$name", ({ name, program }) => {
  it("serves clients old and new at the address that it prints", async () => {
    const file = join(folder, `${name.replaceAll(/[^a-z0-9]+/g, "-")}.ts`);
    writeFileSync(file, program);
    const child = spawn(process.execPath, ["--import", "tsx", file], {
      cwd: ROOT,
      env: { ...process.env, PORT: String(await freePort()) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await addsUp(await addressOf(child));
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
});

it("nextjs.md exports what Next.js calls", async () => {
  const file = join(folder, "route.ts");
  writeFileSync(file, programOf("nextjs.md"));
  const route: Record<string, (request: Request) => Promise<Response>> = await import(pathToFileURL(file).href);
  const handler = (request: Request) => route[request.method]?.(request) ?? new Response(null, { status: 405 });
  const make = (url: string, init: RequestInit) => {
    return new NextRequest(url, init as ConstructorParameters<typeof NextRequest>[1]);
  };
  const mount = await listen(bridge(handler, make));
  await addsUp(`${mount.base}/api/mcp`);
  await mount.close();
});

it("workers.md runs on workerd", async () => {
  const mount = await serveWorker({
    source: programOf("workers.md"),
    bindings: { MCP_SECRET: "of-the-tests-0123456789" },
  });
  await addsUp(`${mount.base}/mcp`);
  await mount.close();
});

async function addsUp(url: string): Promise<void> {
  const sseUrl = url.replace(/mcp$/, "sse");
  for (const driver of [v2Driver("modern", "http"), v1Driver("http"), v1Driver("sse")]) {
    const client = await driver.connect({ url, sseUrl });
    const { structuredContent } = await client.callTool("add", { a: 2, b: 3 });
    expect([driver.label, structuredContent ?? "none"]).toEqual([driver.label, { sum: 5 }]);
    await client.close();
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the program has no output");
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("http://")) return line;
  throw new Error("the program ended without an address");
}
