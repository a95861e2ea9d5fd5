/** `run`: which server of a file is served, with which options, and how it ends. */
import { describe, expect, it } from "vitest";
import { until } from "../faults/helpers/until.js";
import { type Ended, folder, holdfast, ROOT, type Running, running, serverText } from "./helpers/cli.js";

const files = folder();
const begin = running();
const HTTP = ["--transport", "http", "--port", "0", "--json"];

interface About {
  readonly name: string;
  readonly argv: readonly string[];
  readonly subject: string;
}

/** Waits for the line that says where it serves. */
async function urlOf({ stdout, stderr, child }: Running): Promise<string> {
  await until("the server is ready", () => stdout().includes('{"url"') || child.exitCode !== null, 20_000);
  const line = stdout()
    .split("\n")
    .find((one) => one.startsWith('{"url"'));
  if (line === undefined) throw new Error(`it did not start: ${stderr()}`);
  return (JSON.parse(line) as { url: string }).url;
}

/** A call by hand: a client that sends no version is served without a session. */
async function about(url: string): Promise<About> {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "about", arguments: {} },
  });
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const response = await fetch(url, { method: "POST", headers, body });
  const { result } = (await response.json()) as { result: { content: readonly { text: string }[] } };
  return JSON.parse(result.content[0]?.text ?? "") as About;
}

describe("which server", () => {
  it.each([
    ["default.mjs", "export default mcp;"],
    ["named.mjs", "export const other = 1; export { mcp as server };"],
    ["same.mjs", "export { mcp }; export default mcp;"],
    ["typed.ts", "const typed: McpServer = mcp; export default typed;"],
    ["compiled-to-cjs/server.ts", "export default mcp;"],
    ["itself.mjs", "await mcp.run();"],
    ["itself-exported.mjs", "void mcp.run(); export { mcp };"],
    ["itself-later.mjs", "setTimeout(() => void mcp.run(), 50);"],
  ])("%s", async (name, last) => {
    if (name.includes("cjs/")) files.write("compiled-to-cjs/package.json", "{}");
    const server = begin(["run", files.write(name, serverText(last)), ...HTTP]);
    // A file that serves itself prints no line of ours but for its log.
    const url = await urlOf(server);
    expect(await about(url)).toMatchObject({ name: "fixture" });
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });

  it.each(["module.exports = mcp;", "module.exports = { mcp };"])("CommonJS: %s", async (last) => {
    const text = serverText(last).replace(/^import (.*) from (.*);$/m, "const $1 = require($2);");
    const { code, stdout } = await holdfast(["list", files.write("server.cjs", text)]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("about()") });
  });

  it("a file without a server says so on stdio as well, and nothing else", async () => {
    const { code, stdout, stderr } = await holdfast(["run", files.write("none.mjs", "export const a = 1;")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .* exports no McpServer[^\n]*\nFor example: [^\n]*\n$/);
  });

  it("several: one by --export, else a question", async () => {
    const two = `const more = new McpServer({ name: "more", version: "1" });
more.registerTool("about", {}, () => ({ name: "more" }));
export { mcp, more };`;
    const file = files.write("two.mjs", serverText(two));
    const server = begin(["run", file, ...HTTP, "--export", "more"]);
    expect(await about(await urlOf(server))).toMatchObject({ name: "more" });
    const [which, typo] = await Promise.all([
      holdfast(["run", file, ...HTTP]),
      holdfast(["run", file, ...HTTP, "--export", "mroe"]),
    ]);
    expect(which).toMatchObject({ code: 2, stderr: expect.stringMatching(/several servers: mcp, more\.\n.*--export/) });
    expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean more?") });
  });

  it.each([
    ["a file without a server", "export const a = 1;", 2, /exports no McpServer and does not call run\(\)/],
    ["a file that throws", 'throw new Error("out of luck");', 1, /out of luck/],
    [
      "a duplicate tool",
      serverText('mcp.registerTool("about", {}, () => ""); export default mcp;'),
      2,
      /"about"|about/,
    ],
  ])("%s ends", async (_what, text, code, message) => {
    const ended: Ended = await holdfast(["run", files.write("bad.mjs", text), ...HTTP]);
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
  });
});

describe("options", () => {
  it("a flag comes before its variable, a variable before the default", async () => {
    const file = files.write("options.mjs", serverText("export default mcp;"));
    const env = { MCP_TRANSPORT: "http", MCP_PORT: "0", MCP_PATH: "/from-env" };
    const [byFlag, byEnv] = [
      begin(["run", file, "--json", "--path", "/from-flag"], { env }),
      begin(["run", file, "--json"], { env }),
    ];
    expect(new URL(await urlOf(byFlag)).pathname).toBe("/from-flag");
    expect(new URL(await urlOf(byEnv)).pathname).toBe("/from-env");
  });

  it("flags reach a file that calls run() itself, and words after -- are its own", async () => {
    const file = files.write("own.mjs", serverText("await mcp.run();"));
    const server = begin(["run", file, ...HTTP, "--path", "/own", "--", "--port", "1", "word"]);
    const url = await urlOf(server);
    expect(new URL(url).pathname).toBe("/own");
    expect((await about(url)).argv).toEqual(["--port", "1", "word"]);
  });

  it("no permissions are none: an empty list does not become the default", async () => {
    const guarded = 'mcp.registerTool("guarded", { requires: "a:b" }, () => "ran"); ';
    const call = (last: string, name: string, flags: readonly string[]) => {
      const file = files.write(name, serverText(guarded + last));
      return holdfast(["call", "guarded", "--", process.execPath, "dist/cli.js", "run", file, ...flags]);
    };
    const [control, exported, itself] = await Promise.all([
      call("export default mcp;", "p0.mjs", []),
      call("export default mcp;", "p1.mjs", ["--permissions", ""]),
      call("await mcp.run();", "p2.mjs", ["--permissions", ""]),
    ]);
    expect(control).toMatchObject({ code: 0, stdout: "ran\n" });
    for (const denied of [exported, itself]) {
      expect(denied).toMatchObject({ stdout: "" });
      expect(denied?.stderr).toMatch(/no tool guarded|Permission denied/);
    }
  });
});

it("on stdio, what the file prints while it is loaded does not reach the protocol", async () => {
  const before =
    'console.log("starting"); await new Promise((resolve) => setTimeout(resolve, 20)); console.log("still starting");';
  const file = files.write("printing.ts", serverText("export default mcp;", { before }));
  const { code, stdout, stderr } = await holdfast(["call", file, "about", "--json"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ structuredContent: { name: "fixture", transport: "stdio" } });
  expect(stderr).toContain("still starting");
});

it("SIGTERM lets a call in flight end", async () => {
  const slow =
    'mcp.registerTool("slow", {}, () => new Promise((resolve) => { process.stderr.write("begun\\n"); process.once("SIGUSR2", () => resolve("ended")); })); export default mcp;';
  const server = begin(["run", files.write("slow.mjs", serverText(slow)), ...HTTP]);
  const url = await urlOf(server);
  const call = begin(["call", url, "slow"], { cwd: ROOT });
  await until("the call has begun", () => server.stderr().includes("begun"), 20_000);
  server.child.kill("SIGTERM");
  await until("it is stopping", () => server.stderr().includes("stopping"));
  server.child.kill("SIGUSR2");
  expect(await call.ended).toMatchObject({ code: 0, stdout: "ended\n" });
  expect((await server.ended).code).toBe(0);
});
