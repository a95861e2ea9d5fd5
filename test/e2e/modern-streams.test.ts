import { beforeEach, describe, expect, it } from "vitest";
import { modernRequest, open, RawSocket, type RawStream } from "../support/raw-http.js";
import { parseResponse, requestBytes } from "../support/raw-socket.js";
import { paramsOf } from "./fixtures/legacy-client.js";
import { type Json, type ModernClient, modernClient, refusal, resultOf, textOf } from "./fixtures/modern-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";
const LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

const serve = serving();
let served: Served;
let client: ModernClient;
beforeEach(async () => {
  served = await serve();
  client = modernClient(served.url);
});

const methods = (stream: { messages: { all: Json[] } } | { messages: Json[] }): unknown[] => {
  const messages = Array.isArray(stream.messages) ? stream.messages : stream.messages.all;
  return messages.map(({ method }) => method ?? "answer");
};

describe("the form of an answer", () => {
  it("is JSON with its length when nothing was said on the way", async () => {
    const answer = await client.tool("echo", { text: "h\u00e9llo" });
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(answer.raw.length),
      "cache-control": "no-store",
    });
    expect(answer.headers["transfer-encoding"]).toBeUndefined();
    expect(textOf(answer)).toBe("h\u00e9llo");
    // Progress that nobody asked for is not said.
    expect((await client.tool("slow")).headers["content-type"]).toBe("application/json");
  });

  it("is an event stream from the first notification on, without event ids", async () => {
    const stream = await client.open("tools/call", { name: "slow" }, { progressToken: "p" });
    expect(await stream.closed).toBe("end");
    expect(stream.headers).toMatchObject({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
    expect(stream.headers["content-length"]).toBeUndefined();
    expect(methods(stream)).toEqual([...Array(3).fill("notifications/progress"), "answer"]);
    const progress = stream.messages.all.slice(0, 3).map(({ params }) => params);
    expect(progress).toEqual(
      [1, 2, 3].map((step) => ({ progressToken: "p", progress: step, total: 3, message: `step ${step}` })),
    );
    expect(stream.parser.lastEventId).toBe("");
    expect(stream.raw.toString("utf8")).not.toMatch(/^(id|retry|event):/m);
    // One line for each message (conformance, 5.1).
    expect(stream.parser.blocks.every(({ data }) => data !== undefined && !data.includes("\n"))).toBe(true);
  });

  it.each([0, "", "token", 7])("takes %j for a progress token", async (progressToken) => {
    const answer = await client.tool("slow", { steps: 1 }, { progressToken });
    expect(answer.messages[0]?.params).toMatchObject({ progressToken, progress: 1 });
  });

  it("is a stream when the call is slow, with comments that keep the connection alive", async () => {
    const { url, probe } = await serve({ limits: { slowCallMs: 1, keepAliveMs: 1 } });
    const { message, headers } = modernRequest("tools/call", { name: "hold", arguments: { key: "k" } });
    const socket = await RawSocket.connect(url);
    await socket.write(requestBytes(url, "POST", message, headers));
    await socket.received.expect((chunk) => chunk.includes("text/event-stream"));
    await socket.received.expect((chunk) => chunk.includes(": keep-alive\n\n"));
    probe.record("released:k");
    const { bytes } = await socket.all();
    expect(parseResponse(bytes, { sent: message })).toMatchObject({ complete: true, messages: [{ id: 1 }] });
  });

  it("follows the Accept header where it names one form", async () => {
    const json = await client.tool("slow", {}, { progressToken: 1, headers: { accept: "application/json" } });
    expect(json.headers["content-type"]).toBe("application/json");
    expect(methods(json)).toEqual(["answer"]);
    const sse = await client.tool("echo", { text: "x" }, { headers: { accept: "text/event-stream" } });
    expect(sse.headers["content-type"]).toBe("text/event-stream");
    expect(textOf(sse)).toBe("x");
    expect((await client.tool("echo", {}, { headers: { accept: "text/html" } })).status).toBe(406);
  });

  it("[57] keeps text that looks like event-stream syntax inside its event", async () => {
    const text = "data: x\n\nid: 9\nevent: y\r\r\n\u0000\u2028\u2029: comment";
    const answer = await client.tool("echo", { text }, { headers: { accept: "text/event-stream" } });
    expect(answer.events).toHaveLength(1);
    expect(textOf(answer)).toBe(text);
  });
});

describe("log messages", () => {
  it("are sent only when asked for", async () => {
    const answer = await client.tool("logs", {}, { progressToken: 1 });
    expect(methods(answer)).toEqual(["answer"]);
  });

  it.each(LEVELS.map((level, index) => [level, LEVELS.slice(index)] as const))(
    "from %s on",
    async (level, expected) => {
      const answer = await client.tool("logs", {}, { logLevel: level });
      expect(answer.messages.slice(0, -1).map(({ params }) => (params as Json).level)).toEqual(expected);
    },
  );
});

async function listen(notifications: Json, id: string | number = "sub"): Promise<RawStream> {
  const stream = await client.open("subscriptions/listen", { notifications }, { id });
  expect(stream.status).toBe(200);
  expect(stream.headers).toMatchObject({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
  return stream;
}

describe("[48] subscriptions/listen", () => {
  it.each(["sub", 7, 0, ""])("acknowledges first and puts its id %j on everything", async (id) => {
    const asked = { toolsListChanged: true, resourceSubscriptions: ["test://live"], unknown: true };
    const stream = await listen(asked, id);
    await client.tool("touch", { uri: "test://live" });
    await client.tool("add_extra", { kind: "tools" });
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    expect(methods(stream)).toEqual([
      "notifications/subscriptions/acknowledged",
      "notifications/resources/updated",
      "notifications/tools/list_changed",
    ]);
    for (const { params } of stream.messages.all) expect(paramsOf({ params })._meta).toEqual({ [SUBSCRIPTION]: id });
    expect(paramsOf(stream.messages.all[0]).notifications).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ["test://live"],
    });
    stream.close();
  });

  it("says nothing that was not asked for", async () => {
    const nothing = await listen({}, 1);
    const prompts = await listen({ promptsListChanged: true, toolsListChanged: false }, 1);
    const resources = await listen({ resourcesListChanged: true, resourceSubscriptions: [] }, 1);
    for (const kind of ["tools", "resources", "prompts"]) await client.tool("add_extra", { kind });
    await client.tool("touch", { uri: "test://live" });
    await prompts.messages.expect(({ method }) => method === "notifications/prompts/list_changed");
    await resources.messages.expect(({ method }) => method === "notifications/resources/list_changed");
    await served.handle.shutdown();
    for (const stream of [nothing, prompts, resources]) expect(await stream.closed).toBe("end");
    const acknowledged = "notifications/subscriptions/acknowledged";
    expect(methods(nothing)).toEqual([acknowledged, "answer"]);
    expect(methods(prompts)).toEqual([acknowledged, "notifications/prompts/list_changed", "answer"]);
    expect(methods(resources)).toEqual([acknowledged, "notifications/resources/list_changed", "answer"]);
  });

  it("carries neither progress nor logs of other requests", async () => {
    const stream = await listen({ toolsListChanged: true });
    await client.tool("logs", {}, { logLevel: "debug" });
    await client.tool("slow", {}, { progressToken: "sub" });
    await client.tool("add_extra", { kind: "tools" });
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    expect(stream.messages.all).toHaveLength(2);
    stream.close();
  });

  it("tells a change once, however many registrations made it", async () => {
    const stream = await listen({ toolsListChanged: true });
    for (let index = 0; index < 50; index += 1) served.mcp.registerTool(`burst_${index}`, {}, () => "x");
    await client.tool("touch", { uri: "test://live" });
    served.mcp.sendToolListChanged();
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    expect(stream.messages.all).toHaveLength(3);
    stream.close();
  });

  it("ends with a result when the server stops", async () => {
    const stream = await listen({ toolsListChanged: true }, "bye");
    await served.handle.shutdown();
    expect(await stream.closed).toBe("end");
    const last = stream.messages.all.at(-1);
    expect(last).toMatchObject({ id: "bye", result: { resultType: "complete", _meta: { [SUBSCRIPTION]: "bye" } } });
  });

  it("[48] grants nothing that the caller may not read: updates would tell that it exists", async () => {
    const stream = await listen({ resourceSubscriptions: ["test://guarded", "test://live"] });
    const first = await stream.messages.expect();
    stream.close();
    expect((first.params as Json).notifications).toEqual({ resourceSubscriptions: ["test://live"] });
  });

  it.each([
    ["no filter", {}],
    ["a filter that is no object", { notifications: [] }],
    ["URIs that are no array", { notifications: { resourceSubscriptions: "test://live" } }],
    ["URIs that are no strings", { notifications: { resourceSubscriptions: [1] } }],
    ["too many URIs", { notifications: { resourceSubscriptions: Array(1001).fill("test://live") } }],
  ])("refuses %s", async (_what, params) => {
    expect(refusal(await client.send("subscriptions/listen", params))).toMatchObject({ code: -32602 });
  });
});

describe("[14] closing the connection cancels", () => {
  it("aborts the handler's signal, and the server goes on", async () => {
    const params = { name: "hang", arguments: { key: "h" } };
    const stream = await client.open("tools/call", params, { progressToken: 1 });
    await stream.messages.expect();
    stream.close();
    await served.probe.until("aborted:h");
    expect(methods(stream)).toEqual(["notifications/progress"]);
    expect(textOf(await client.tool("echo", { text: "next" }))).toBe("next");
  });

  it("also before a byte of the answer was sent", async () => {
    const controller = new AbortController();
    const { message, headers } = modernRequest("tools/call", { name: "hang", arguments: { key: "early" } });
    const hanging = open(served.url, { method: "POST", body: message, headers, signal: controller.signal });
    await served.probe.until("started:early");
    controller.abort();
    await expect(hanging).rejects.toThrow();
    await served.probe.until("aborted:early");
  });

  it("also while it is found out whether the caller may: the handler never starts", async () => {
    const { mcp, probe } = served;
    const requires = async () => {
      probe.record("asked");
      await probe.until("answered");
      return true;
    };
    mcp.registerTool("late", { requires }, () => {
      probe.record("ran");
      return "";
    });
    const controller = new AbortController();
    const { message, headers } = modernRequest("tools/call", { name: "late", arguments: {} });
    const hanging = open(served.url, { method: "POST", body: message, headers, signal: controller.signal });
    await probe.until("asked");
    controller.abort();
    await expect(hanging).rejects.toThrow();
    await served.disconnected();
    probe.record("answered");
    await client.tool("echo", { text: "a round trip later" });
    expect(probe.count("ran")).toBe(0);
  });

  it("ends a subscription, and leaves others alone", async () => {
    const one = await listen({ toolsListChanged: true }, 1);
    const other = await listen({ toolsListChanged: true }, 1);
    await one.messages.expect();
    one.close();
    await client.tool("add_extra", { kind: "tools" });
    await other.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    expect(one.messages.all).toHaveLength(1);
    other.close();
    expect(resultOf(await client.send("tools/list")).tools).toBeDefined();
  });
});
