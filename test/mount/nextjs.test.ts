import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AppRouteHandlerFn } from "next/dist/server/route-modules/app-route/module.js";
import { NextRequest } from "next/server.js";
import { expectTypeOf, it } from "vitest";
import * as library from "../../src/index.js";
import { bridge } from "./fetch-bridge.js";
import { createFixture } from "./fixture.js";
import { listen } from "./serving.js";
import { type Mount, mountSuite } from "./suite.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const NEXT = join(HERE, "node_modules/next/dist/bin/next");
/** A build of an empty application takes ten seconds of both cores. */
const BUILD_TIMEOUT_MS = 120_000;

/** `app/api/[transport]/route.ts`, its exports as Next.js calls them. */
mountSuite("next, route handlers", () => {
  const { fetch } = createFixture(library);
  const handlers = { GET: fetch, POST: fetch, DELETE: fetch, OPTIONS: fetch } satisfies Record<
    string,
    AppRouteHandlerFn
  >;
  const make = (url: string, init: RequestInit) =>
    new NextRequest(url, init as ConstructorParameters<typeof NextRequest>[1]);
  const handler = (request: Request) => {
    const segments = new URL(request.url).pathname.split("/");
    const { [request.method as keyof typeof handlers]: handle } = handlers;
    // What Next.js does with a path that belongs to no route.
    if (segments.length !== 3 || segments[1] !== "api") return new Response("no such page", { status: 404 });
    return handle === undefined ? new Response(null, { status: 405 }) : handle(request);
  };
  return listen(bridge(handler, make), "/api");
});

it("has the type of a route handler", () => {
  type Handler = (
    request: NextRequest,
    context: { params: Promise<{ transport: string }> },
  ) => Promise<Response | undefined> | Response | undefined;
  expectTypeOf<library.McpServer["fetch"]>().toExtend<Handler>();
  expectTypeOf<library.McpServer["fetch"]>().toExtend<AppRouteHandlerFn>();
});

mountSuite("next start, the built package", startNext, { startTimeoutMs: BUILD_TIMEOUT_MS });

/** Builds the application beside this file in a folder of its own, and serves it as a deployment does. */
async function startNext(): Promise<Mount> {
  // Below this folder, so that the application finds Next.js here and Holdfast at the root.
  await mkdir(join(HERE, ".tmp"), { recursive: true });
  const folder = await mkdtemp(join(HERE, ".tmp/next-"));
  await cp(new URL("./next-app", import.meta.url), folder, { recursive: true });
  const build = run(folder, ["build"]);
  const [code] = await once(build, "exit");
  if (code !== 0) throw new Error(`next build ended with ${code}:\n${await outputOf(build)}`);
  const server = run(folder, ["start", "--hostname", "127.0.0.1", "--port", "0"]);
  return {
    base: `${await addressOf(server)}/api`,
    close: async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const outputs = new WeakMap<ChildProcess, string[]>();

function run(folder: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" as const };
  const child = spawn(process.execPath, [NEXT, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  outputs.set(child, lines);
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => lines.push(String(chunk)));
  return child;
}

async function outputOf(child: ChildProcess): Promise<string> {
  return (outputs.get(child) ?? []).join("");
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("next start has no output");
  for await (const line of createInterface({ input: server.stdout })) {
    const match = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
    if (match !== null) return match[0];
  }
  throw new Error(`next start said no address:\n${await outputOf(server)}`);
}
