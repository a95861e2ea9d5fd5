import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { custom } from "../../src/index.js";
import {
  ANSWERS,
  OFFICIAL_DRIVERS,
  type OfficialClient,
  type OfficialDriver,
  type ToolResult,
} from "../support/official.js";
import { Probe } from "./fixtures/probe.mjs";
import { type Served, start } from "./fixtures/serve.js";

const SERVER = fileURLToPath(new URL("./fixtures/server.mjs", import.meta.url));
const MIB = 1024 * 1024;

const text = ({ content }: ToolResult): string => String(content[0]?.text);
const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

describe.each(OFFICIAL_DRIVERS)("[92] $label", (driver) => {
  const requests = new Probe();
  let answers: Record<string, () => Record<string, unknown>> = {};
  let served: Served | undefined;
  let client: OfficialClient;

  beforeAll(async () => {
    if (driver.transport !== "stdio") served = await serveRecording(requests);
    client = await connect(driver, served, () => answers);
  });
  beforeEach(() => {
    answers = {};
  });
  afterAll(async () => {
    // Judges every message of the connection against the schema of its revision.
    await client?.close();
    await served?.handle.close();
  });

  it("opens, and learns who the server is", () => {
    expect(client.revision).toBe(driver.era === "modern" ? "2026-07-28" : "2025-11-25");
    expect(client.serverInfo).toMatchObject({ name: "everything", version: "1.0.0" });
    expect(client.instructions).toBe("Call anything.");
    expect(client.capabilities).toMatchObject({
      logging: {},
      completions: {},
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
    });
  });

  it("lists tools, resources, templates and prompts, without what is withheld", async () => {
    const tools = await client.listTools();
    expect(names(tools)).toEqual(expect.arrayContaining(["echo", "add", "slow", "deploy", "ask_name"]));
    expect(names(tools)).not.toContain("hidden");
    // The caller over stdio started the process and may do everything.
    expect(names(tools).includes("guarded")).toBe(driver.transport === "stdio");
    expect(tools.find(({ name }) => name === "add")).toMatchObject({
      title: "Add",
      annotations: { readOnlyHint: true },
      outputSchema: { type: "object", required: ["sum"] },
    });
    const resources = names(await client.listResources());
    expect(resources).toEqual(expect.arrayContaining(["text", "binary", "live", "alpha", "gamma"]));
    expect(names(await client.listResourceTemplates())).toEqual(["item"]);
    const prompts = await client.listPrompts();
    expect(prompts.find(({ name }) => name === "greet")?.arguments).toEqual([
      { name: "name", required: true },
      { name: "style", required: false },
    ]);
  });

  it("calls tools: text, structured content, every kind of content", async () => {
    expect(text(await client.callTool("echo", { text: "héllo \u2028 😀" }))).toBe("héllo \u2028 😀");
    const sum = await client.callTool("add", { a: 2, b: 3 });
    expect(sum.structuredContent).toEqual({ sum: 5 });
    expect(text(sum)).toBe('{"sum":5}');
    const media = await client.callTool("media");
    expect(media.content.map(({ type }) => type)).toEqual(["text", "image", "audio", "resource", "resource_link"]);
    const numbers = await client.callTool("numbers");
    expect(numbers.structuredContent).toEqual(driver.era === "modern" ? [1, 2, 3] : undefined);
    expect(text(numbers)).toBe("[1,2,3]");
    const { structuredContent: me } = await client.callTool("whoami");
    expect(me).toMatchObject({
      client: expect.stringContaining(`official-${driver.sdk}`),
      transport: driver.transport,
    });
  });

  it("reads resources and templates, gets prompts, completes", async () => {
    expect(await client.readResource("test://text")).toEqual([
      { uri: "test://text", mimeType: "text/plain", text: "plain text" },
    ]);
    expect((await client.readResource("test://binary"))[0]).toMatchObject({ blob: "AAEC" });
    expect((await client.readResource("test://item/b%20c"))[0]).toMatchObject({ text: "item b c" });
    await expect(client.readResource("test://missing")).rejects.toMatchObject({
      // The 2.x client turns the old code into the new one.
      code: driver.sdk === "v1" ? -32002 : -32602,
      data: { uri: "test://missing" },
    });
    const [message] = await client.getPrompt("greet", { name: "Ada", style: "brief" });
    expect(message).toEqual({ role: "user", content: { type: "text", text: "Greet Ada, brief." } });
    expect(await client.getPrompt("simple")).toHaveLength(1);
    await expect(client.getPrompt("greet", {})).rejects.toMatchObject({ code: -32602 });
    expect(await client.complete({ prompt: "greet" }, { name: "name", value: "A" })).toEqual(["Ada", "Alan"]);
    expect(await client.complete({ resource: "test://item/{id}" }, { name: "id", value: "b" })).toEqual(["beta"]);
    const known = await client.complete({ prompt: "greet" }, { name: "style", value: "s" }, { name: "Ada" });
    expect(known).toEqual(["s-formal"]);
  });

  it("reports progress in order, and logs at the level asked for", async () => {
    const progress: unknown[] = [];
    // The official clients drop progress that is read together with the answer, so the tool ends once all was seen.
    const onprogress = (one: { progress: number }) => {
      progress.push(one);
      if (one.progress === 5) void client.callTool("release", { key: "progress" });
    };
    await client.callTool("slow", { steps: 5, key: "progress" }, { onprogress });
    expect(progress).toEqual([1, 2, 3, 4, 5].map((step) => ({ progress: step, total: 5, message: `step ${step}` })));
    await client.setLogLevel("error");
    await client.callTool("logs");
    const levels: unknown[] = [];
    while (levels.length < 4) {
      const { params } = await client.notifications.expect(({ method }) => method === "notifications/message");
      levels.push(params?.level);
    }
    expect(levels).toEqual(["error", "critical", "alert", "emergency"]);
    await client.callTool("echo", { text: "after" });
    expect(client.notifications.all.filter(({ method }) => method === "notifications/message")).toHaveLength(4);
  });

  it("asks the user, by form and by URL, and takes no for an answer", async () => {
    expect(text(await client.callTool("ask_name"))).toBe("Hello, Alice!");
    expect(text(await client.callTool("ask_url"))).toBe("accept");
    answers = { elicit: () => ({ action: "decline" }) };
    expect(text(await client.callTool("ask_name"))).toBe("decline");
    expect(text(await client.callTool("ask_url"))).toBe("decline");
  });

  it("asks the client's model and for its roots, one by one and all at once", async () => {
    expect(text(await client.callTool("ask_model", { prompt: "2 + 2?" }))).toBe("sampled: 2 + 2?");
    expect(text(await client.callTool("ask_roots"))).toBe("file:///test/root");
    expect(text(await client.callTool("ask_all"))).toBe("Alice sampled: a word 1");
    const result = await client.callTool("rounds", { key: client.label });
    expect(result.structuredContent).toMatchObject({ before: 1, between: 1, first: "Alice", second: "Alice" });
  });

  it("asks before a resource is read and before a prompt is rendered", async () => {
    answers = { elicit: () => ({ action: "accept", content: { confirm: true } }) };
    expect((await client.readResource("test://asking"))[0]).toMatchObject({ text: "accept" });
    expect((await client.getPrompt("asking"))[0]).toMatchObject({ content: { text: "accept" } });
  });

  it("tells of updates and of changed lists, and stops when told to", async () => {
    // A legacy client opens its GET stream in the background.
    if (client.era === "legacy" && driver.transport === "http") await requests.until("GET /mcp");
    const end = await client.subscribe({ uris: ["test://live"], lists: ["tools", "prompts", "resources"] });
    await client.callTool("touch", { uri: "test://other" });
    await client.callTool("touch", { uri: "test://live" });
    const updated = await client.notifications.expect(({ method }) => method === "notifications/resources/updated");
    expect(updated.params).toMatchObject({ uri: "test://live" });
    for (const kind of ["tools", "prompts", "resources"]) {
      await client.callTool("add_extra", { kind });
      await client.notifications.expect(({ method }) => method === `notifications/${kind}/list_changed`);
    }
    expect(names(await client.listTools())).toContain("extra");
    expect(text(await client.callTool("extra"))).toBe("extra");
    await client.callTool("remove_extra", { kind: "tools" });
    await client.notifications.expect(({ method }) => method === "notifications/tools/list_changed");
    expect(names(await client.listTools())).not.toContain("extra");
    await end();
    await client.callTool("touch", { uri: "test://live" });
    await client.callTool("echo", { text: "after" });
    const updates = client.notifications.all.filter(({ method }) => method === "notifications/resources/updated");
    expect(updates).toHaveLength(1);
  });

  it("[13] cancels: the handler's signal aborts, the client's promise rejects, the next call works", async () => {
    const controller = new AbortController();
    const hanging = client.callTool("hang", { key: driver.label }, { signal: controller.signal });
    const rejected = expect(hanging).rejects.toThrow();
    await client.callTool("wait_for", { event: `started:${driver.label}` });
    controller.abort(new Error("no longer wanted"));
    await rejected;
    expect(text(await client.callTool("wait_for", { event: `aborted:${driver.label}` }))).toBe("seen");
    expect(text(await client.callTool("echo", { text: "next" }))).toBe("next");
  });

  it("tells errors of tools from unknown tools, and masks what is nobody's business", async () => {
    const told = await client.callTool("tells");
    expect(told).toMatchObject({ isError: true, content: [{ type: "text", text: "Site AMS9 does not exist." }] });
    const failed = await client.callTool("fails");
    expect(failed.isError).toBe(true);
    expect(text(failed)).toMatch(/^Internal error in tool fails\. .*[0-9a-f-]{36}\.$/);
    const invalid = await client.callTool("add", { a: "two", b: 3 });
    expect(invalid.isError).toBe(true);
    expect(text(invalid)).toMatch(/Invalid arguments for tool add/);
    await expect(client.callTool("missing")).rejects.toMatchObject({ code: -32602 });
    await expect(client.callTool("hidden")).rejects.toMatchObject({ code: -32602 });
  });

  it("carries a MiB, and twenty calls at once, each with its own answer", async () => {
    expect(text(await client.callTool("big", { size: MIB }))).toHaveLength(MIB);
    const calls = Array.from({ length: 20 }, (_, index) => client.callTool("echo", { text: `call ${index}` }));
    expect((await Promise.all(calls)).map(text)).toEqual(calls.map((_, index) => `call ${index}`));
  });

  it("ends without an error reported by the SDK", () => {
    expect(client.errors).toEqual([]);
  });
});

async function serveRecording(requests: Probe): Promise<Served> {
  const principal = { issuer: "test", subject: "caller", permissions: [] };
  const auth = custom(({ method, path }) => {
    requests.record(`${method} ${path}`);
    return principal;
  });
  return start({ auth });
}

type AnswerTable = Record<string, () => Record<string, unknown>>;

function connect(
  driver: OfficialDriver,
  served: Served | undefined,
  table: () => AnswerTable,
): Promise<OfficialClient> {
  const target = served === undefined ? {} : { url: served.url, sseUrl: `${served.origin}/sse` };
  const stdio = { command: process.execPath, args: [SERVER], env: { MCP_TRANSPORT: "stdio" } };
  const answers = {
    ...ANSWERS,
    elicit: (params: Record<string, unknown>) => table().elicit?.() ?? ANSWERS.elicit(params),
  };
  return driver.connect({ ...target, stdio }, { answers });
}
