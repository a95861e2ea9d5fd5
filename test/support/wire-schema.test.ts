import { describe, expect, test } from "vitest";
import { assertValidServerMessage, REVISIONS, WireRecorder } from "./wire-schema.js";

const judge = (revision: string, message: unknown, method?: string) => () =>
  assertValidServerMessage(message, revision, method === undefined ? {} : { method });
const result = (value: unknown) => ({ jsonrpc: "2.0", id: 1, result: value });
const error = (code: number, data?: unknown) => ({ jsonrpc: "2.0", id: 1, error: { code, message: "no", data } });

describe("assertValidServerMessage", () => {
  test.each(REVISIONS)("accepts the plain result of a call on %s", (revision) => {
    const content = [{ type: "text", text: "hi" }];
    const value = revision === "2026-07-28" ? { resultType: "complete", content } : { content };
    expect(judge(revision, result(value), "tools/call")).not.toThrow();
  });

  test.each([
    ["a result of the wrong type", "2025-11-25", result({ tools: [{ name: "x" }] }), "tools/list"],
    [
      "a content block that came later",
      "2024-11-05",
      result({ content: [{ type: "audio", data: "", mimeType: "a/b" }] }),
      "tools/call",
    ],
    ["a method that came later", "2025-06-18", result({ tasks: [] }), "tasks/list"],
    ["a method that went away", "2026-07-28", result({ resultType: "complete" }), "ping"],
    ["an empty result that is not empty", "2025-11-25", result({ extra: 1 }), "ping"],
    ["no resultType", "2026-07-28", result({ content: [] }), "tools/call"],
    [
      "input_required where it may not be",
      "2026-07-28",
      result({ resultType: "input_required", requestState: "x" }),
      "tools/list",
    ],
    ["input_required that asks nothing", "2026-07-28", result({ resultType: "input_required" }), "tools/call"],
    ["no cache hints", "2026-07-28", result({ resultType: "complete", tools: [] }), "tools/list"],
    [
      "required capabilities as an array",
      "2026-07-28",
      error(-32021, { requiredCapabilities: ["sampling"] }),
      undefined,
    ],
    ["a retired code", "2026-07-28", error(-32002), undefined],
    ["a reserved code nobody defined", "2026-07-28", error(-32050), undefined],
    ["an id that is null", "2025-11-25", { ...error(-32700), id: null }, undefined],
    ["result and error at once", "2025-11-25", { ...result({}), ...error(-32603) }, undefined],
    ["a request on 2026-07-28", "2026-07-28", { jsonrpc: "2.0", id: 1, method: "roots/list" }, undefined],
    [
      "elicitation before its time",
      "2025-03-26",
      { jsonrpc: "2.0", id: 1, method: "elicitation/create", params: {} },
      undefined,
    ],
    ["an unknown notification", "2025-11-25", { jsonrpc: "2.0", method: "notifications/nothing" }, undefined],
    [
      "progress without its token",
      "2025-11-25",
      { jsonrpc: "2.0", method: "notifications/progress", params: { progress: 1 } },
      undefined,
    ],
    ["a batch outside 2025-03-26", "2025-06-18", [result({})], undefined],
    ["an empty batch", "2025-03-26", [], undefined],
  ])("rejects %s", (_what, revision, message, method) => {
    expect(judge(revision, message, method)).toThrow(/a server message of/);
  });

  test("allows an error without an id where nobody could read who asked", () => {
    const without = (code: number) => ({ jsonrpc: "2.0", error: { code, message: "no" } });
    for (const revision of REVISIONS) expect(judge(revision, without(-32700))).not.toThrow();
    expect(judge("2025-06-18", without(-32603))).toThrow();
    expect(judge("2025-11-25", without(-32603))).not.toThrow();
  });

  test("shows the message and what ajv said", () => {
    expect(judge("2025-11-25", result({ content: "hi" }), "tools/call")).toThrow(/must be array[\s\S]*"content": "hi"/);
  });
});

describe("WireRecorder", () => {
  test("learns the revision from initialize and from a request's own _meta", () => {
    const exchange = new WireRecorder().exchange();
    exchange.sent({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
    exchange.received(
      result({ protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "x", version: "1" } }),
    );
    expect(exchange.revision).toBe("2025-06-18");
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
    exchange.sent({ jsonrpc: "2.0", id: 2, method: "tools/list", params: { _meta } });
    expect(exchange.revision).toBe("2026-07-28");
  });

  test("keeps exchanges with the same id apart", () => {
    const recorder = new WireRecorder("2025-11-25");
    const [one, two] = [recorder.exchange(), recorder.exchange()];
    one.sent({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    two.sent({ jsonrpc: "2.0", id: 1, method: "ping" });
    two.received(result({}));
    expect(() => one.received(result({}))).toThrow(/ListToolsResult/);
    expect(recorder.failures).toHaveLength(1);
    expect(() => recorder.assertClean()).toThrow(/ListToolsResult/);
  });

  test("rejects an answer that comes twice, and one nobody asked for; a resumed stream may repeat", () => {
    const recorder = new WireRecorder("2025-11-25");
    const exchange = recorder.exchange();
    exchange.sent({ jsonrpc: "2.0", id: 1, method: "ping" });
    expect(() => exchange.received({ ...result({}), id: "1" })).toThrow(/never asked/);
    exchange.received(result({}));
    expect(() => exchange.received(result({}))).toThrow(/answered twice/);
    expect(() => recorder.exchange({ resumed: true }).received(result({}))).not.toThrow();
  });

  test("types every member of a batch by the request it answers", () => {
    const exchange = new WireRecorder("2025-03-26").exchange();
    exchange.sent([
      { jsonrpc: "2.0", id: 1, method: "ping" },
      { jsonrpc: "2.0", id: 2, method: "tools/list" },
    ]);
    expect(() => exchange.received([{ ...result({}), id: 2 }, result({})])).toThrow(/ListToolsResult/);
  });
});
