import { beforeEach, describe, expect, it, vi } from "vitest";
import { custom } from "../../src/index.js";
import { legacySession } from "../support/raw-http.js";
import { type Json, type ModernClient, modernClient, refusal, resultOf, textOf } from "./fixtures/modern-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const accept = (content: Json) => ({ action: "accept", content });
const name = (text: string) => accept({ name: text });

const serve = serving();
let served: Served;
let client: ModernClient;
beforeEach(async () => {
  const permissions: string[] = [];
  const auth = custom((request) => ({ issuer: "test", subject: request.header("x-user") ?? "a", permissions }));
  served = await serve({ auth, secret: "a secret of the test" });
  client = modernClient(served.url);
});

interface Asked {
  readonly requests: Record<string, Json>;
  readonly state: string;
}

/** One round; `more` are the members of params that answer the round before. */
function round(tool: string, args: Json = {}, more: Json = {}, change: Json = {}) {
  return client.tool(tool, args, { capabilities: CAPABILITIES, params: more, ...change });
}

function asked(response: Parameters<typeof resultOf>[0]): Asked {
  const result = resultOf(response);
  expect(result.resultType).toBe("input_required");
  // Interim results are not cacheable (caching, "Cacheable Results").
  expect(result).not.toHaveProperty("ttlMs");
  expect(typeof result.requestState).toBe("string");
  return { requests: result.inputRequests as Record<string, Json>, state: String(result.requestState) };
}

describe("one question", () => {
  it("is asked in the result and answered in the next call", async () => {
    const first = asked(await round("ask_name"));
    expect(first.requests).toEqual({
      "elicitation-1": {
        method: "elicitation/create",
        params: {
          message: "Your name?",
          requestedSchema: expect.objectContaining({ type: "object", required: ["name"] }),
        },
      },
    });
    const answered = { requestState: first.state, inputResponses: { "elicitation-1": name("Ada") } };
    const done = resultOf(await round("ask_name", {}, answered, { id: 2 }));
    expect(done).toMatchObject({ resultType: "complete", content: [{ text: "Hello, Ada!" }] });
  });

  it.each(["decline", "cancel"])("may be answered with %s", async (action) => {
    const { state } = asked(await round("ask_name"));
    const answered = { requestState: state, inputResponses: { "elicitation-1": { action } } };
    expect(textOf(await round("ask_name", {}, answered))).toBe(action);
  });

  it("needs no state when nothing was recorded, and ignores answers to what was not asked", async () => {
    const inputResponses = { "elicitation-1": name("Ada"), other: { action: "accept" }, constructor: {} };
    expect(textOf(await round("ask_name", {}, { inputResponses }))).toBe("Hello, Ada!");
  });

  it.each([
    ["none", {}],
    ["null", { inputResponses: null }],
    ["no object", { inputResponses: ["elicitation-1"] }],
    ["under another key", { inputResponses: { wrong: name("Ada") } }],
    ["a number", { inputResponses: { "elicitation-1": 12345 } }],
    ["no action", { inputResponses: { "elicitation-1": { content: { name: "Ada" } } } }],
    ["an unknown action", { inputResponses: { "elicitation-1": { action: "maybe" } } }],
    ["no content", { inputResponses: { "elicitation-1": { action: "accept" } } }],
    ["content of the wrong type", { inputResponses: { "elicitation-1": accept({ name: 5 }) } }],
    ["content too short", { inputResponses: { "elicitation-1": name("") } }],
    [
      "content inherited",
      { inputResponses: { "elicitation-1": JSON.parse('{"action":"accept","content":{"__proto__":{"name":"x"}}}') } },
    ],
  ])("is asked again when the answer is %s", async (_what, more) => {
    const { state } = asked(await round("ask_name"));
    expect(Object.keys(asked(await round("ask_name", {}, { requestState: state, ...more })).requests)).toEqual([
      "elicitation-1",
    ]);
  });

  it("may be a page, a model's word, the roots", async () => {
    const page = asked(await round("ask_url")).requests["elicitation-1"];
    expect(page?.params).toEqual({ mode: "url", message: "Sign in.", url: "https://example.com/sign-in" });
    const sampling = asked(await round("ask_model", { prompt: "2 + 2?" })).requests["sampling-1"];
    expect(sampling).toMatchObject({ method: "sampling/createMessage", params: { maxTokens: 100 } });
    const word = { role: "assistant", content: { type: "text", text: "4" }, model: "m" };
    expect(textOf(await round("ask_model", { prompt: "2 + 2?" }, { inputResponses: { "sampling-1": word } }))).toBe(
      "4",
    );
    expect(asked(await round("ask_roots")).requests["roots-1"]).toMatchObject({ method: "roots/list" });
    const roots = { roots: [{ uri: "file:///a" }, { uri: "file:///b" }] };
    expect(textOf(await round("ask_roots", {}, { inputResponses: { "roots-1": roots } }))).toBe("file:///a file:///b");
  });

  it.each([
    ["resources/read", { uri: "test://asking" }, { contents: [{ uri: "test://asking", text: "accept" }] }],
    ["prompts/get", { name: "asking" }, { messages: [{ role: "user", content: { type: "text", text: "accept" } }] }],
  ])("may come from %s", async (method, params, expected) => {
    const { state } = asked(await client.send(method, params, { capabilities: CAPABILITIES }));
    const more = { requestState: state, inputResponses: { "elicitation-1": accept({ confirm: true }) } };
    const done = await client.send(method, { ...params, ...more }, { capabilities: CAPABILITIES });
    expect(resultOf(done)).toMatchObject({ resultType: "complete", ...expected });
  });
});

describe("several questions", () => {
  it("are asked at once where the handler asks at once", async () => {
    const first = asked(await round("ask_all"));
    expect(Object.keys(first.requests).sort()).toEqual(["elicitation-1", "roots-1", "sampling-1"]);
    const word = { role: "assistant", content: { type: "text", text: "word" }, model: "m" };
    const some = { requestState: first.state, inputResponses: { "elicitation-1": name("Ada"), "sampling-1": word } };
    // What is missing is asked again, and only that; what was answered is remembered.
    const second = asked(await round("ask_all", {}, some));
    expect(Object.keys(second.requests)).toEqual(["roots-1"]);
    const rest = { requestState: second.state, inputResponses: { "roots-1": { roots: [] } } };
    expect(textOf(await round("ask_all", {}, rest))).toBe("Ada word 0");
  });

  it("[21] take as many rounds as they need, steps run once, and every round has its own state", async () => {
    const args = { key: "k" };
    const first = asked(await round("rounds", args));
    expect(Object.keys(first.requests)).toEqual(["first"]);
    const second = asked(
      await round("rounds", args, { requestState: first.state, inputResponses: { first: name("A") } }),
    );
    expect(Object.keys(second.requests)).toEqual(["second"]);
    expect(second.state).not.toBe(first.state);
    const last = { requestState: second.state, inputResponses: { second: name("B") } };
    const done = resultOf(await round("rounds", args, last)).structuredContent as Json;
    expect(done).toMatchObject({ before: 1, between: 1, first: "A", second: "B" });
    expect(served.probe.count("run:k")).toBe(3);
    expect(served.probe.count("before:k")).toBe(1);
    expect(served.probe.count("between:k")).toBe(1);
    // The last leg sent twice: the same operation with the same outcome, steps still run once.
    expect(resultOf(await round("rounds", args, last)).structuredContent).toEqual(done);
    expect(served.probe.count("between:k")).toBe(1);
  });

  it("can be answered in another process that has the same secret", async () => {
    const other = await serve({
      auth: custom(() => ({ issuer: "test", subject: "a", permissions: [] })),
      secret: ["newer secret, sixteen", "a secret of the test"],
    });
    const { state } = asked(await round("rounds", { key: "k" }));
    const more = { requestState: state, inputResponses: { first: name("A") } };
    const change = { capabilities: CAPABILITIES, params: more };
    expect(Object.keys(asked(await modernClient(other.url).tool("rounds", { key: "k" }, change)).requests)).toEqual([
      "second",
    ]);
    const stranger = await serve({ secret: "quite another secret" });
    expect(refusal(await modernClient(stranger.url).tool("rounds", { key: "k" }, change)).code).toBe(-32602);
  });

  it("end when there are too many", async () => {
    const { url } = await serve({ limits: { maxRounds: 2 } });
    const again = (more: Json) => modernClient(url).tool("ask_name", {}, { capabilities: CAPABILITIES, params: more });
    const first = asked(await again({}));
    const second = asked(await again({ requestState: first.state }));
    expect(refusal(await again({ requestState: second.state })).code).toBe(-32602);
  });
});

describe("[21] state that is not ours to take is refused", () => {
  let state: string;
  const inputResponses = { first: name("A") };
  const args = { key: "k", extra: [1, { a: 1, b: 2 }] };
  beforeEach(async () => {
    state = asked(await round("rounds", args)).state;
  });
  const refused = async (tool: string, given: Json, requestState: unknown, change: Json = {}) => {
    const response = await round(tool, given, { requestState, inputResponses }, change);
    expect(refusal(response)).toMatchObject({ code: -32602, id: 1 });
    return response;
  };

  it("altered, cut, empty, of another type", async () => {
    const middle = Math.floor(state.length / 2);
    const flipped = state.slice(0, middle) + (state[middle] === "A" ? "B" : "A") + state.slice(middle + 1);
    const wrong = [
      `${state}-TAMPERED`,
      flipped,
      state.slice(1),
      `${state}=`,
      `${state} `,
      "",
      "null",
      5,
      null,
      {},
      [state],
    ];
    for (const one of wrong) await refused("rounds", args, one);
    expect(served.probe.count("run:k")).toBe(1);
  });

  it("of another principal", async () => {
    await refused("rounds", args, state, { headers: { "x-user": "b" } });
  });

  it("of another tool, of other arguments", async () => {
    await refused("ask_all", args, state);
    await refused("echo", { text: "x" }, state);
    await refused("rounds", { ...args, key: "other" }, state);
    await refused("rounds", { key: "k" }, state);
    await refused("rounds", { ...args, extra: [1, { a: 1, b: 3 }] }, state);
    // The order of members means nothing in JSON.
    const reordered = JSON.parse('{"extra":[1,{"b":2,"a":1}],"key":"k"}');
    expect(asked(await round("rounds", reordered, { requestState: state, inputResponses })).requests).toHaveProperty(
      "second",
    );
  });

  it("of another method", async () => {
    const response = await client.send(
      "prompts/get",
      { name: "asking", requestState: state },
      { capabilities: CAPABILITIES },
    );
    expect(refusal(response)).toMatchObject({ code: -32602 });
  });

  it("a session id in its place", async () => {
    const { id } = await legacySession(served.url);
    await refused("rounds", args, id);
  });

  it("expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_001 });
    try {
      await refused("rounds", args, state);
    } finally {
      vi.useRealTimers();
    }
    expect(asked(await round("rounds", args, { requestState: state, inputResponses })).requests).toHaveProperty(
      "second",
    );
  });

  it("but for an honest client it works", async () => {
    expect(asked(await round("rounds", args, { requestState: state, inputResponses })).requests).toHaveProperty(
      "second",
    );
  });
});
