import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { fixture } from "./run.js";

const SERVER = fixture("./prints-before-and-during.mjs");
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const call = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "print", _meta: META } });

/** Everything the server wrote to stdout, by line, after two calls and the end of input. */
async function stdoutOf(command: string, args: readonly string[]): Promise<{ lines: string[]; stderr: string }> {
  const child = spawn(command, args, { stdio: "pipe", env: { ...process.env, MCP_TRANSPORT: "" } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(`${JSON.stringify(call(1))}\n${JSON.stringify(call(2))}\n`);
  await once(child, "close");
  return { lines: stdout.split("\n").filter(Boolean), stderr };
}

it.each([
  ["a socket pair", process.execPath, [SERVER]],
  ["a pipe", "sh", ["-c", `"${process.execPath}" "${SERVER}" | cat`]],
])(
  "[86] over %s: printed at import, before and after run() and in every way during a call",
  async (_, command, args) => {
    const { lines, stderr } = await stdoutOf(command, args);
    const messages = lines.map((line) => JSON.parse(line) as { id: number; result: object });
    expect(messages.map(({ id }) => id).sort()).toEqual([1, 2]);
    for (const stray of ["import-time\n", "import-time writeSync", "before run", "after run", "child", "worker"]) {
      expect(stderr).toContain(stray);
    }
  },
);
