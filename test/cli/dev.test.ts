/** `holdfast dev`: one port, whatever happens behind it, and a log of what passes. */
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { call, type DevEvent, eventsOf, HEADERS, named, rpc, START_MS, started } from "../dev/helpers/dev.js";
import { until } from "../faults/helpers/until.js";
import { folder, holdfast, running } from "./helpers/cli.js";

const files = folder();
const begin = running();

const text = (version: string, more = "") => `import { McpServer } from "holdfast";
${more}
const mcp = new McpServer({ name: "watched", version: "1.0.0" });
mcp.registerTool("version", {}, () => "${version}");
mcp.registerTool("fail", {}, () => { throw new Error("not today"); });
mcp.registerTool("login", { inputSchema: { type: "object", properties: { user: {}, password: {} } } }, () => "in");
mcp.registerTool("leak", {}, () => ({
  content: [{ type: "text", text: "upstream: password=hunter2hunter2, Authorization: Bearer abcdef0123456789" }],
  isError: true,
}));
mcp.registerTool("pid", {}, () => String(process.pid));
mcp.registerTool("stuck", {}, () => { process.stderr.write("stuck\\n"); for (;;); });
mcp.registerTool("slow", {}, (ctx) => new Promise((resolve) => {
  ctx.progress(1, 2, "half of ${version}");
  process.once("SIGTERM", () => setTimeout(() => resolve("ended ${version}"), 200));
}));
mcp.registerTool("ask", {}, async (ctx) => {
  process.stderr.write("asking\\n");
  const { action } = await ctx.elicit({ message: "Sure?", requestedSchema: { type: "object", properties: {} } });
  return action;
});
export default mcp;
`;

const dev = (file: string, ...more: string[]) => begin(["dev", file, "--port", "0", "--json", "--no-page", ...more]);
const calls = (events: readonly DevEvent[], name: string) => events.filter((one) => one.name === name);

it("an error that quotes a credential is told without it", async () => {
  const server = dev(files.write("leak.ts", text("1")));
  const { url } = await started(server);
  await call(url, "leak");
  await until("the call is told", () => named(server, "end").some(({ name }) => name === "leak"));
  const [told] = calls(named(server, "end"), "leak");
  expect(told?.outcome).toMatchObject({ kind: "tool_error", message: expect.stringContaining("upstream") });
  expect(server.stdout()).not.toMatch(/hunter2|abcdef/);
});

it("Ctrl-C ends a server that is stuck in a loop, too", async () => {
  const server = dev(files.write("stuck.ts", text("1")));
  const { url } = await started(server);
  const pid = Number(await call(url, "pid"));
  const lost = call(url, "stuck").catch(() => "lost");
  await until("it is stuck", () => server.stderr().includes("stuck"));
  const again = setInterval(() => server.child.kill("SIGINT"), 300);
  await until("it has ended", () => server.child.exitCode !== null, START_MS);
  clearInterval(again);
  await lost;
  expect(server.child.exitCode).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

describe("a change", () => {
  it("in the middle of requests loses none of them: they wait, on the same port, for the new server", async () => {
    const file = files.write("server.ts", text("1"));
    const server = dev(file);
    const { url } = await started(server);
    expect(await call(url, "version")).toBe("1");
    const slow = call(url, "slow");
    await until("the slow call has begun", () => named(server, "begin").some(({ name }) => name === "slow"));
    files.write("server.ts", text("2"));
    const answers: Promise<string>[] = [];
    // From before the change is noticed until the new server is there.
    await until(
      "it has started again",
      () => {
        if (answers.length < 200) answers.push(call(url, "version"));
        return named(server, "ready").length === 2;
      },
      START_MS,
    );
    expect(await slow).toBe("ended 1");
    const texts = new Set(await Promise.all([...answers, call(url, "version")]));
    expect([...texts].filter((one) => one !== "1" && one !== "2")).toEqual([]);
    expect(texts).toContain("2");
    server.child.kill("SIGINT");
    expect((await server.ended).code).toBe(0);
  });

  it("leaves sessions as they are, and lets a client answer the question of a call that ends", async () => {
    const file = files.write("session.ts", text("1"));
    const server = dev(file);
    const { url } = await started(server);
    const client = new Client(
      { name: "tester", version: "3.2.1" },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: "legacy" } },
    );
    let answer: (() => void) | undefined;
    client.setRequestHandler("elicitation/create", () => {
      return new Promise((resolve) => {
        answer = () => resolve({ action: "accept", content: {} });
      });
    });
    const transport = new StreamableHTTPClientTransport(new URL(url));
    await client.connect(transport);
    const session = transport.sessionId;
    const asked = client.callTool({ name: "ask", arguments: {} });
    await until("the question is there", () => answer !== undefined);
    files.write("session.ts", text("2"));
    await until("it ends", () => named(server, "ending").length === 1);
    answer?.();
    expect((await asked).content).toEqual([{ type: "text", text: "accept" }]);
    const { content } = await client.callTool({ name: "version", arguments: {} });
    expect(content).toEqual([{ type: "text", text: "2" }]);
    expect(transport.sessionId).toBe(session);
    await until("it is logged", () => calls(named(server, "end"), "version").length === 1);
    const [one] = calls(named(server, "end"), "version");
    expect(one?.outcome).toEqual({ kind: "ok" });
    expect(one?.caller).toEqual({ name: "tester", version: "3.2.1", revision: "2025-11-25", transport: "http" });
    await client.close();
  });

  it("that does not compile answers with why and where; mended, it answers again", async () => {
    const file = files.write("broken.ts", text("1"));
    const server = dev(file);
    const { url } = await started(server);
    files.write("broken.ts", text("2", "const ="));
    await until("the mistake is reported", () => named(server, "failed").length === 1, START_MS);
    const [failed] = named(server, "failed");
    expect(failed).toMatchObject({ file, line: 2 });
    const response = await fetch(url, { method: "POST", headers: HEADERS, body: rpc("tools/list", {}, "x7") });
    const { id, error } = (await response.json()) as { id: unknown; error: { message: string } };
    expect([response.status, id]).toEqual([200, "x7"]);
    expect(error.message).toBe(`The server does not start: ${String(failed?.summary)}`);
    // Somebody else's page learns nothing of the source.
    const foreign = await fetch(url, {
      method: "POST",
      headers: { ...HEADERS, origin: "http://evil.example" },
      body: rpc("x"),
    });
    expect(await foreign.text()).not.toContain(String(failed?.summary));
    files.write("broken.ts", text("3"));
    await started(server, 2);
    expect(await call(url, "version")).toBe("3");
  });

  it("after which the server throws shows the error and its place, for people", async () => {
    const file = files.write(
      "throws.ts",
      text("1", 'const broken = () => {\n  throw new Error("cannot begin");\n};\nbroken();'),
    );
    const server = begin(["dev", file, "--port", "0", "--no-page"]);
    await until("the error is reported", () => server.stderr().includes("Waiting for a change"), START_MS);
    expect(server.stderr()).toContain("throws.ts:3:");
    expect(server.stderr()).toContain('>     3 |   throw new Error("cannot begin");');
    expect(server.stderr().match(/cannot begin/g)?.length).toBeLessThan(5);
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });
});

describe("the log", () => {
  it("tells of each request who asked, what came of it, and what was said meanwhile; and no secrets", async () => {
    const file = files.write("logged.ts", text("1"));
    const server = dev(file, "--verbose");
    const { url } = await started(server);
    await call(url, "version");
    await call(url, "fail");
    await call(url, "nothing");
    await call(url, "login", { user: "ada", password: "canary-password-1" });
    await fetch(url, { method: "POST", headers: { ...HEADERS, authorization: "Bearer canary-token-1" }, body: "{" });
    const slow = call(url, "slow").catch(() => "gone");
    const progress = rpc("tools/call", { name: "slow", arguments: {}, _meta: { progressToken: "p1" } }, 2);
    const left = new AbortController();
    const noted = fetch(url, { method: "POST", headers: HEADERS, body: progress, signal: left.signal }).catch(() => "");
    await until("progress is told", () => named(server, "note").length > 0);
    const [note] = named(server, "note");
    expect(note).toMatchObject({
      method: "notifications/progress",
      params: { progress: 1, total: 2, progressToken: "p1" },
    });
    left.abort();
    await noted;
    const ends = named(server, "end");
    expect(calls(ends, "version")[0]).toMatchObject({ method: "tools/call", outcome: { kind: "ok" } });
    expect(calls(ends, "fail")[0]).toMatchObject({
      outcome: { kind: "tool_error", message: expect.stringContaining("Internal error") },
    });
    expect(calls(ends, "nothing")[0]).toMatchObject({ outcome: { kind: "error", code: -32602 } });
    expect(calls(ends, "login")[0]).toMatchObject({
      request: { params: { arguments: { user: "ada", password: "[redacted]" } } },
    });
    expect(ends.some(({ outcome }) => (outcome as { status?: number }).status === 400)).toBe(true);
    server.child.kill("SIGTERM");
    await slow;
    await server.ended;
    expect(`${server.stdout()}${server.stderr()}`).not.toContain("canary");
    // What was begun is ended.
    const ids = (event: string) => named(server, event).map(({ id }) => id);
    expect(ids("begin").filter((id) => !ids("end").includes(id))).toEqual([]);
  });

  it("knows the client of HTTP+SSE, whose answers come on another request", async () => {
    const file = files.write("sse.ts", text("1"));
    const server = dev(file);
    const { url } = await started(server);
    const client = new Client({ name: "older", version: "0.1.0" }, { versionNegotiation: { mode: "legacy" } });
    await client.connect(new SSEClientTransport(new URL("/sse", url)));
    expect((await client.callTool({ name: "version", arguments: {} })).content).toEqual([{ type: "text", text: "1" }]);
    await client.close();
    await until("the call is logged", () => calls(named(server, "end"), "version").length === 1);
    expect(calls(named(server, "end"), "version")[0]).toMatchObject({
      caller: { name: "older", transport: "sse" },
      outcome: { kind: "ok" },
    });
  });
});

describe("mistakes", () => {
  it("are told before anything starts", async () => {
    const [missing, port] = await Promise.all([
      holdfast(["dev", "missing.ts"]),
      holdfast(["dev", files.write("any.ts", text("1")), "--port", "99999"]),
    ]);
    expect([missing.code, port.code]).toEqual([2, 2]);
    expect(missing.stderr).toContain("There is no file missing.ts");
  });

  it("a port that is in use", async () => {
    const file = files.write("twice.ts", text("1"));
    const server = dev(file);
    const { url } = await started(server);
    const second = await holdfast(["dev", file, "--port", new URL(url).port, "--no-page"]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("is in use.\nChoose another with --port");
  });

  it("a public address without authentication is refused as `run` refuses it", async () => {
    const file = files.write("public.ts", text("1"));
    const server = dev(file, "--host", "0.0.0.0");
    await until("it is refused", () => named(server, "failed").length === 1, START_MS);
    expect(eventsOf(server).at(-1)?.summary).toContain("without authentication");
  });
});
