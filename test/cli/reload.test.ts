/** `run --reload`: a change starts the server again, on the same port, after the calls in flight. */
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { until } from "../faults/helpers/until.js";
import { folder, holdfast, type Running, running } from "./helpers/cli.js";

const files = folder();
const begin = running();
const START_MS = 20_000;

const text = (version: string, more = "") => `import { McpServer } from "holdfast";
import { part } from "./part.js";
${more}
const mcp = new McpServer({ name: "reloaded", version: "1.0.0" });
mcp.registerTool("version", {}, () => \`${version} \${part}\`);
mcp.registerTool("slow", {}, () => new Promise((resolve) => {
  process.stderr.write("begun ${version}\\n");
  process.once("SIGTERM", () => setTimeout(() => resolve("ended ${version}"), 200));
}));
export default mcp;
`;

function urls({ stdout }: Running): readonly string[] {
  return [...stdout().matchAll(/\{"url":"(.*?)"\}/g)].map(([, url = ""]) => url);
}

const started = (server: Running, times: number) =>
  until(`it has started ${times} times`, () => urls(server).length >= times, START_MS);

async function call(url: string | undefined, tool: string): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } });
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const answer = await (await fetch(url ?? "", { method: "POST", headers, body })).text();
  return /"text":"(.*?)"/.exec(answer)?.[1] ?? answer;
}

describe("a change", () => {
  it("of the file or of what it imports starts it again; what is wrong is reported and mended", async () => {
    files.write("part.ts", 'export const part: string = "a";\n');
    const file = files.write("server.ts", text("1"));
    const server = begin(["run", file, "--reload", "--transport", "http", "--port", "0", "--json"]);
    await started(server, 1);
    const [url] = urls(server);
    expect(await call(url, "version")).toBe("1 a");

    files.write("server.ts", text("2"));
    await started(server, 2);
    files.write("part.ts", 'export const part: string = "b";\n');
    await started(server, 3);
    expect(await call(url, "version")).toBe("2 b");

    files.write("server.ts", text("3", "const ="));
    await until("the mistake is reported", () => server.stderr().includes("Waiting for a change"), START_MS);
    files.write("server.ts", text("4"));
    await started(server, 4);
    expect(await call(url, "version")).toBe("4 b");
    // Always the port that was taken first.
    expect(new Set(urls(server)).size).toBe(1);

    // Files that are nobody's part, and those that are gone, start nothing.
    files.write("notes.txt", "nothing");
    rmSync(files.path("notes.txt"));
    server.child.kill("SIGINT");
    expect((await server.ended).code).toBe(0);
    expect(urls(server)).toHaveLength(4);
    await expect(fetch(url ?? "")).rejects.toThrow();
  });

  it("lets a call in flight end before the new server starts", async () => {
    files.write("part.ts", 'export const part: string = "a";\n');
    const file = files.write("draining.ts", text("old"));
    const server = begin(["run", file, "--reload", "--transport", "http", "--port", "0", "--json"]);
    await started(server, 1);
    const [url] = urls(server);
    const slow = call(url, "slow");
    await until("the call has begun", () => server.stderr().includes("begun old"), START_MS);
    files.write("draining.ts", text("new"));
    expect(await slow).toBe("ended old");
    await started(server, 2);
    expect(await call(url, "version")).toBe("new a");
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });
});

it("on stdio is refused", async () => {
  const { code } = await holdfast(["run", files.write("server.mjs", ""), "--reload"]);
  expect(code).toBe(2);
});
