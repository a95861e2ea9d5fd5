/** What `import "holdfast"` makes a program load: the definition of a server, and nothing that serves or validates. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Everything a server needs before it serves. A name that ends with `/` stands for a room. */
const ALLOWED = [
  "dist/index.js",
  "dist/mcp-server.js",
  "dist/errors.js",
  "dist/util/",
  "dist/auth/",
  // Revisions are tables; templates are parsed where they are registered.
  "dist/protocol/",
  // Seals nothing yet: `McpServer` refuses a secret that is too short when it is made.
  "dist/sessions/sealer.js",
  "dist/stores/memory/",
  // Names and environment variables of the options of `run()`.
  "dist/runtimes/run-options.js",
  // What registration compiles. Calls, sessions and channels come with a transport.
  "dist/server/access.js",
  "dist/server/call-table.js",
  "dist/server/catalogue.js",
  "dist/server/compile.js",
  "dist/server/definition.js",
  "dist/server/hub.js",
  "dist/server/limits.js",
  "dist/server/options.js",
  "dist/server/resource-template.js",
  "dist/server/schema/",
  "node:crypto",
];

/** The entry for Node also holds back what is printed before `run()`. */
const ALLOWED_ON_NODE = [
  ...ALLOWED,
  "dist/node.js",
  "dist/hold-output.js",
  "dist/transports/stdio/early-output.js",
  "dist/transports/stdio/guard-",
  "dist/transports/stdio/replace-method.js",
  "dist/transports/stdio/strays.js",
  "dist/transports/stdio/written-bytes.js",
  "node:child_process",
  "node:fs",
  "node:module",
  "node:os",
  "node:url",
  "node:util",
  "node:worker_threads",
];

/** Reports every module on descriptor 3 as it is loaded. */
const HOOK = `
import { writeSync } from "node:fs";
export async function load(url, context, next) { writeSync(3, url + "\\n"); return next(url, context); }`;

function loadedBy(program: string): readonly string[] {
  const hook = JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`);
  const register = `data:text/javascript,${encodeURIComponent(`import { register } from "node:module"; register(${hook});`)}`;
  const { output, status, stderr } = spawnSync(
    process.execPath,
    ["--import", register, "--input-type=module", "-e", program],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe", "pipe"], encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const urls = new Set((output[3] ?? "").split("\n").filter((url) => /^(file|node):/.test(url)));
  return [...urls].map((url) => (url.startsWith("node:") ? url : relative(ROOT, fileURLToPath(url))));
}

const beyond = (loaded: readonly string[], allowed: readonly string[]) =>
  loaded.filter((name) => !allowed.some((one) => (/[/-]$/.test(one) ? name.startsWith(one) : name === one)));

const importOf = (file: string) => `await import(${JSON.stringify(pathToFileURL(`${ROOT}${file}`).href)});`;

describe("loads what is named and nothing else", () => {
  it("anywhere", () => {
    const loaded = loadedBy(importOf("dist/index.js"));
    expect(loaded).toContain("dist/mcp-server.js");
    expect(beyond(loaded, ALLOWED)).toEqual([]);
  });

  it("on Node", () => {
    const loaded = loadedBy('await import("holdfast");');
    expect(loaded).toContain("dist/node.js");
    expect(beyond(loaded, ALLOWED_ON_NODE)).toEqual([]);
  });

  it("also when a server is made and tools are registered with schemas of their own", () => {
    const program = `
      const { McpServer } = await import("holdfast");
      const standard = {
        version: 1, vendor: "test", validate: (value) => ({ value }),
        jsonSchema: { input: () => ({ type: "object" }), output: () => ({ type: "object" }) },
      };
      new McpServer({ name: "a", version: "1" }).registerTool("a", { inputSchema: { "~standard": standard } }, () => "");`;
    expect(beyond(loadedBy(program), ALLOWED_ON_NODE)).toEqual([]);
  });
});

it("notices what is loaded later, so that it would notice it earlier too", () => {
  const program = `
    const { McpServer } = await import("holdfast");
    const mcp = new McpServer({ name: "a", version: "1" }, { logger: { log() {} } });
    mcp.registerTool("a", { inputSchema: { type: "object" } }, () => "");
    const handle = await mcp.run({ transport: "http", port: 0, signals: false });
    await handle.close();`;
  const later = beyond(loadedBy(program), ALLOWED_ON_NODE);
  expect(later).toContain("dist/transports/http/handler.js");
  expect(later).not.toContain("dist/transports/stdio/serve.js");
});

it("names no file that is not there", () => {
  const files = ALLOWED_ON_NODE.filter((name) => name.endsWith(".js"));
  expect(files.filter((name) => readFileSync(`${ROOT}${name}`).length === 0)).toEqual([]);
});
