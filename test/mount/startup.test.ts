/**
 * What `import "holdfast"` makes a program load: the definition of a server, and nothing that serves or validates.
 * What ships are bundles; their source maps say which modules are in them, and those are what is judged.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Everything a server needs before it serves. A name that ends with `/` stands for a room. */
const ALLOWED = [
  "src/index.ts",
  "src/main.ts",
  "src/mcp-server.ts",
  "src/errors.ts",
  "src/util/",
  "src/audit/",
  "src/auth/",
  // Revisions are tables; templates are parsed where they are registered.
  "src/protocol/",
  // Seals nothing yet: `McpServer` refuses a secret that is too short when it is made.
  "src/sessions/sealer.ts",
  // The default store, and the embedded one, which opens at once where it is asked for; the package lmdb is not loaded.
  "src/stores/",
  "src/drivers/lmdb/",
  // The ledger is made with the definition.
  "src/operations/",
  "src/server/deliveries.ts",
  // A method of the definition, and a few lines.
  "src/server/shutdown.ts",
  // Names and environment variables of the options of `run()`.
  "src/runtimes/run-options.ts",
  // What registration compiles. Calls, sessions and channels come with a transport.
  "src/server/access.ts",
  // Limits per caller are compiled with what they limit.
  "src/server/admissions.ts",
  "src/server/call-admission.ts",
  "src/server/call-of.ts",
  "src/server/limited.ts",
  "src/server/rate-limits.ts",
  "src/server/call-table.ts",
  "src/server/catalogue.ts",
  "src/server/compile.ts",
  "src/server/config-keys.ts",
  "src/server/definition.ts",
  "src/server/hub.ts",
  // Take the option `telemetry`; what listens is behind entries of its own.
  "src/server/figures.ts",
  "src/server/instruments.ts",
  "src/server/limits.ts",
  "src/server/options.ts",
  "src/server/resource-template.ts",
  // What a tool recovers is written as its result is; results name what of them is a task.
  "src/server/results.ts",
  "src/server/tasks/record.ts",
  "src/server/schema/",
  "node:crypto",
];

/** The entry for Node also holds back what is printed before `run()`. */
const ALLOWED_ON_NODE = [
  ...ALLOWED,
  "src/hold-output.ts",
  "src/transports/stdio/early-output.ts",
  "src/transports/stdio/guard-",
  "src/transports/stdio/replace-method.ts",
  "src/transports/stdio/strays.ts",
  "src/transports/stdio/written-bytes.ts",
  "node:child_process",
  "node:fs",
  "node:module",
  "node:os",
  "node:url",
  "node:util",
  "node:worker_threads",
];

/**
 * Files of ours on the way to the first answer over stdio, where each costs: the entry, what it shares, what `run()`
 * loads, the engine, the transport, its guard. One more for a reason is fine; 15 mean that a row is missing in
 * `scripts/build.mjs`.
 */
const MAX_FILES_TO_SERVE = 8;

/** Reports every module on descriptor 3 as it is loaded. */
const HOOK = `
import { writeSync } from "node:fs";
export async function load(url, context, next) { writeSync(3, url + "\\n"); return next(url, context); }`;

interface Loaded {
  /** Below the root. */
  readonly files: readonly string[];
  /** What is in the files, and what Node brings. */
  readonly modules: readonly string[];
}

/** What a program has loaded when it ends; its stdin is empty. */
function loadedBy(program: string): Loaded {
  const hook = JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`);
  const register = `data:text/javascript,${encodeURIComponent(`import { register } from "node:module"; register(${hook});`)}`;
  const { output, status, stderr } = spawnSync(
    process.execPath,
    ["--import", register, "--input-type=module", "-e", program],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe", "pipe"], encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const urls = [...new Set((output[3] ?? "").split("\n").filter((url) => /^(file|node):/.test(url)))];
  const files = urls.filter((url) => url.startsWith("file:")).map((url) => relative(ROOT, fileURLToPath(url)));
  return { files, modules: [...urls.filter((url) => url.startsWith("node:")), ...files.flatMap(modulesOf)] };
}

/** The modules in a bundle; a file of somebody else stands for itself. */
function modulesOf(file: string): readonly string[] {
  if (!file.startsWith("dist/")) return [file];
  const { sources }: { sources: readonly string[] } = JSON.parse(readFileSync(join(ROOT, `${file}.map`), "utf8"));
  return sources.map((source) => join(dirname(file), source));
}

const beyond = ({ modules }: Loaded, allowed: readonly string[]) =>
  modules.filter((name) => !allowed.some((one) => (/[/-]$/.test(one) ? name.startsWith(one) : name === one)));

const importOf = (file: string) => `await import(${JSON.stringify(pathToFileURL(join(ROOT, file)).href)})`;

describe("loads what is named and nothing else", () => {
  it("anywhere", () => {
    const loaded = loadedBy(importOf("dist/index.js"));
    expect(loaded.modules).toContain("src/mcp-server.ts");
    expect(beyond(loaded, ALLOWED)).toEqual([]);
  });

  it("on Node", () => {
    const loaded = loadedBy('await import("holdfast");');
    expect(loaded.files).toContain("dist/node.js");
    expect(loaded.modules).toContain("src/hold-output.ts");
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

  it("as the guard alone, where that is all that is imported", () => {
    const loaded = loadedBy('await import("holdfast/stdio-guard");');
    expect(loaded.modules).toContain("src/transports/stdio/guard.ts");
    const others = beyond(loaded, ["src/stdio-guard.ts", "src/transports/stdio/"]);
    expect(others.filter((name) => !name.startsWith("node:"))).toEqual([]);
  });
});

/** Serves and ends; `options` are those of `run()`. */
const serving = (options: string) => `
  const { McpServer } = await import("holdfast");
  const mcp = new McpServer({ name: "a", version: "1" }, { logger: { log() {} } });
  mcp.registerTool("a", { inputSchema: { type: "object" } }, () => "");
  const handle = await mcp.run(${options});
  await handle.close();`;

describe("serving", () => {
  it("over HTTP is noticed when it is loaded, so that it would be noticed earlier too", () => {
    const later = beyond(loadedBy(serving('{ transport: "http", port: 0, signals: false }')), ALLOWED_ON_NODE);
    expect(later).toContain("src/transports/http/handler.ts");
    expect(later).not.toContain("src/transports/stdio/serve.ts");
    expect(later).not.toContain("src/transports/stdio/guard.ts");
  });

  it("over stdio loads nothing of HTTP, in a few files", () => {
    const { files, modules } = loadedBy(serving('{ transport: "stdio", signals: false }'));
    expect(modules).toContain("src/transports/stdio/serve.ts");
    expect(modules.filter((name) => /^src\/transports\/http\/|^src\/testing\/|^node:http/.test(name))).toEqual([]);
    expect(files.filter((name) => name.startsWith("dist/")).length).toBeLessThanOrEqual(MAX_FILES_TO_SERVE);
  });
});

describe("one package, whatever is imported", () => {
  /** Runs in a program of its own, where `node` and `anywhere` are the entry for Node and the one for everything else. */
  const holds = (condition: string) => {
    const program = `
      const node = await import("holdfast");
      const anywhere = ${importOf("dist/index.js")};
      const testing = await import("holdfast/testing");
      const ok = await (async () => { ${condition} })();
      if (ok !== true) throw new Error(String(ok));`;
    loadedBy(program);
  };

  it("both entries give the same values, under their own names", () => {
    holds(`
      const differ = Object.keys(anywhere).filter((name) => node[name] !== anywhere[name]);
      const classes = Object.entries(node).filter(([, value]) => /^class/.test(String(value)));
      const renamed = classes.filter(([name, value]) => value.name !== name);
      return Object.keys(node).length === Object.keys(anywhere).length && classes.length > 5
        && differ.length === 0 && renamed.length === 0;`);
  });

  it.each(["node", "anywhere"])("`connect` of holdfast/testing knows a server made with the entry: %s", (entry) => {
    holds(`
      const mcp = new ${entry}.McpServer({ name: "a", version: "1" });
      mcp.registerTool("fail", {}, () => { throw new ${entry}.ToolError("as it is"); });
      const client = await testing.connect(mcp);
      const { isError, content } = await client.callTool("fail");
      await client.close();
      return isError === true && content[0].text === "as it is" || JSON.stringify(content);`);
  });
});

it("names no module that is not there", () => {
  expect(ALLOWED_ON_NODE.filter((name) => name.endsWith(".ts") && !existsSync(join(ROOT, name)))).toEqual([]);
});
