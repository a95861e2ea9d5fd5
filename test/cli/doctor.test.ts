/** `holdfast doctor`: what it says and how it ends; what it finds is tested with the doctor itself. */
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { McpServer, type RunHandle } from "../../src/index.js";
import { holdfast, listening, ROOT } from "./helpers/cli.js";

const QUICK = ["--check", "reach", "--check", "eras", "--check", "headers", "--idle", "1"];
const fixture = (name: string) => join(ROOT, "test", "doctor", "fixtures", `${name}.mjs`);
const SERVER = fixture("clean-holdfast");
let handle: RunHandle;
let url: string;

beforeAll(async () => {
  const mcp = new McpServer({ name: "patient", version: "1.0.0" }, { logger: { log() {} } });
  mcp.registerTool("a", {}, () => "a");
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
  url = String(handle.url);
});
afterAll(() => handle.close());

describe("doctor", () => {
  it("ends with 0 when all is well, and says how much that was", async () => {
    const { code, stdout } = await holdfast(["doctor", url, ...QUICK]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^0 errors, 0 warnings, \d+ things sound\n$/);
    const verbose = await holdfast(["doctor", url, ...QUICK, "--verbose"]);
    expect(verbose.stdout).toMatch(/^ok /m);
  });

  it("gives findings as JSON", async () => {
    const { stdout } = await holdfast(["doctor", url, ...QUICK, "--json"]);
    const { findings, exitCode } = JSON.parse(stdout) as { findings: readonly { id: string }[]; exitCode: number };
    expect(exitCode).toBe(0);
    expect(findings.length).toBeGreaterThan(3);
  });

  it("names a fault, what clients see, and the line that mends it", async () => {
    const { port } = new URL(url);
    // A hop that drops a header, as a careless proxy does.
    const hop = createServer((request, response) => {
      const { "mcp-session-id": dropped, ...headers } = { ...request.headers, host: `127.0.0.1:${port}` } as Record<
        string,
        string | string[] | undefined
      >;
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const body = Buffer.concat(chunks);
        const sent = Object.fromEntries(
          Object.entries(headers).filter(
            ([name]) => !["connection", "content-length", "transfer-encoding"].includes(name),
          ),
        ) as Record<string, string>;
        const reply = await fetch(`http://127.0.0.1:${port}${request.url}`, {
          method: request.method ?? "GET",
          headers: sent,
          ...(body.length > 0 && { body }),
        });
        const out = Object.fromEntries(
          [...reply.headers].filter(([name]) => !/^(content-encoding|transfer-encoding|connection)$/.test(name)),
        );
        response.writeHead(reply.status, out).end(Buffer.from(await reply.arrayBuffer()));
      });
    });
    const { code, stdout } = await holdfast(["doctor", await listening(hop), "--check", "headers", "--timeout", "5"]);
    hop.closeAllConnections();
    hop.close();
    expect(code).toBe(2);
    expect(stdout).toMatch(/header-dropped.*mcp-session-id/i);
    expect(stdout).toContain("proxy_set_header mcp-session-id $http_mcp_session_id;");
  });

  it("--local starts a file or a command over stdio", async () => {
    const sound = await holdfast([
      "doctor",
      "--local",
      SERVER,
      "--check",
      "requests",
      "--check",
      "stdout",
      "--verbose",
    ]);
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok clean: /m) });
    const faulty = ["--local", "--check", "stdout", "--json", "--", process.execPath, fixture("stdout-text")];
    const { code, stdout } = await holdfast(["doctor", ...faulty]);
    expect(code).toBe(2);
    const { command, findings } = JSON.parse(stdout) as { command: readonly string[]; findings: readonly object[] };
    expect(command).toEqual([process.execPath, fixture("stdout-text")]);
    const mend = expect.objectContaining({ javascript: "console.log = console.error;" });
    expect(findings).toEqual([expect.objectContaining({ id: "stdout-text", mend })]);
    const absent = await holdfast(["doctor", "--local", "--", "holdfast-no-such-program"]);
    expect(absent.stdout).toMatch(/^error program-missing: holdfast-no-such-program/);
    expect(absent.code).toBe(3);
  });

  it("--local is for servers on stdio, and takes no option of URLs", async () => {
    for (const args of [
      ["--local"],
      ["--local", url],
      ["--local", SERVER, "--origin", "https://a.test"],
      ["--", "node"],
    ]) {
      expect(await holdfast(["doctor", ...args]), args.join(" ")).toMatchObject({ code: 2, stdout: "" });
    }
  });

  it("ends with 3 when nobody is there, with 2 for what is no URL", async () => {
    expect((await holdfast(["doctor", "http://127.0.0.1:1/mcp", "--timeout", "2"])).code).toBe(3);
    expect((await holdfast(["doctor", "server.ts"])).code).toBe(2);
    expect((await holdfast(["doctor", url, "--check", "nothing"])).code).toBe(2);
  });
});
