/** Questions to the client: how many wait at once and how long, and what their state may cost (2026-07-28). */
import { describe, expect, it, vi } from "vitest";
import { connect } from "../../src/testing/index.js";
import { type LegacySession, legacySession, type RawStream } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { ask, type Limited, type LimitedServer, limitedServer, serving, textOf } from "./helpers/limited.js";

const serve = serving();
const capabilities = { elicitation: {} };
const annotations = { readOnlyHint: true };
const requestedSchema = { type: "object", properties: { name: { type: "string" } } } as const;
const whole = { type: "object", properties: { value: { type: "integer" } }, required: ["value"] } as const;
const ANSWER = { action: "accept", content: { name: "Ada" } } as const;

/** `rounds` asks so many questions, one after the other; `record` keeps so many characters and then asks one. */
function withQuestions<T extends LimitedServer>(limited: T): T {
  const { mcp } = limited;
  mcp.registerTool("rounds", { annotations, inputSchema: whole }, async ({ value }, ctx) => {
    for (let round = 1; round <= Number(value); round += 1) await ctx.elicit({ message: `${round}?`, requestedSchema });
    return `asked ${value} times`;
  });
  mcp.registerTool("record", { annotations, inputSchema: whole }, async ({ value }, ctx) => {
    await ctx.step("large", () => "x".repeat(Number(value)));
    return (await ctx.elicit({ message: "Who?", requestedSchema })).action;
  });
  return limited;
}

const isQuestion = ({ method, id }: WireObject) => method === "elicitation/create" && id !== undefined;
const asking = (session: LegacySession, id: number): Promise<RawStream> =>
  session.open(session.message("tools/call", { name: "rounds", arguments: { value: 1 } }, id));

describe("limits.maxPendingRequests", () => {
  it("lets as many questions wait and refuses one more in words; other sessions and later questions are asked", async () => {
    const limited = withQuestions(await serve({ maxPendingRequests: 2 }));
    const session = await legacySession(limited.url, "2025-11-25", { capabilities });
    const other = await legacySession(limited.url, "2025-11-25", { capabilities });
    const streams = [await asking(session, 1), await asking(session, 2)];
    const questions = [];
    for (const stream of streams) questions.push(await stream.messages.expect(isQuestion));
    const refused = await session.request("tools/call", { name: "rounds", arguments: { value: 1 } });
    expect([refused.result, textOf(refused)]).toMatchObject([{ isError: true }, /^The client has 2 unanswered/]);
    const answered = { onRequest: () => ANSWER };
    const elsewhere = await other.request("tools/call", { name: "rounds", arguments: { value: 3 } }, answered);
    expect(textOf(elsewhere)).toBe("asked 3 times");
    for (const question of questions) await session.respond(question.id, ANSWER);
    for (const stream of streams) expect(await stream.closed).toBe("end");
    const again = await session.request("tools/call", { name: "rounds", arguments: { value: 1 } }, answered);
    expect(textOf(again)).toBe("asked 1 times");
    for (const one of [session, other]) await one.end();
    await limited.settled();
  });

  it("lifted with Infinity takes more than the default", async () => {
    const { mcp } = withQuestions(limitedServer({ maxPendingRequests: Number.POSITIVE_INFINITY }));
    const client = await connect(mcp, { revision: "2025-11-25", onElicit: () => ANSWER });
    const calls = Array.from({ length: 150 }, () => client.callTool("rounds", { value: 1 }));
    for (const call of calls) expect(await call).toMatchObject({ content: [{ text: "asked 1 times" }] });
    await client.close();
  });
});

describe("limits.clientRequestTimeoutMs", () => {
  it("gives up a question in words, tells the client, and frees its place", async () => {
    const limited = withQuestions(await serve({ clientRequestTimeoutMs: 1, maxPendingRequests: 1 }));
    const session = await legacySession(limited.url, "2025-11-25", { capabilities });
    for (const id of [1, 2]) {
      const stream = await asking(session, id);
      expect(await stream.closed).toBe("end");
      const [question, cancelled, answer] = stream.messages.all;
      expect(cancelled).toMatchObject({ method: "notifications/cancelled", params: { requestId: question?.id } });
      expect(textOf(answer)).toBe("The client did not answer elicitation/create in time.");
    }
    await session.end();
    await limited.settled();
  });

  it("lifted with Infinity waits as long as it takes", async () => {
    const limited = withQuestions(await serve({ clientRequestTimeoutMs: Number.POSITIVE_INFINITY }));
    const session = await legacySession(limited.url, "2025-11-25", { capabilities });
    const params = { name: "rounds", arguments: { value: 1 } };
    const answer = await session.request("tools/call", params, { onRequest: () => ANSWER });
    expect(textOf(answer)).toBe("asked 1 times");
    await session.end();
  });
});

/** One round of a call on 2026-07-28. */
async function round(limited: Limited, name: string, value: number, state?: unknown): Promise<WireObject> {
  const inputResponses = { "elicitation-1": ANSWER };
  const more = state === undefined ? {} : { requestState: state, inputResponses };
  const params = { name, arguments: { value }, ...more };
  const _meta = { "io.modelcontextprotocol/clientCapabilities": capabilities };
  return (await ask(limited.url, "tools/call", { ...params, _meta })).reply ?? {};
}

const stateOf = ({ result }: WireObject) => (result as { readonly requestState?: unknown } | undefined)?.requestState;

describe("limits.maxRounds", () => {
  it("takes as many round trips and ends the call at the next one, in words", async () => {
    const { mcp } = withQuestions(limitedServer({ maxRounds: 3 }));
    const client = await connect(mcp, { onElicit: () => ANSWER });
    expect(await client.callTool("rounds", { value: 3 })).toMatchObject({ content: [{ text: "asked 3 times" }] });
    await expect(client.callTool("rounds", { value: 4 })).rejects.toMatchObject({
      code: -32602,
      message: "The call asked for input 3 times; giving up.",
    });
    await client.close();
  });

  it("lifted with Infinity takes more than the default", async () => {
    const { mcp } = withQuestions(limitedServer({ maxRounds: Number.POSITIVE_INFINITY }));
    const client = await connect(mcp, { onElicit: () => ANSWER });
    expect(await client.callTool("rounds", { value: 40 })).toMatchObject({ content: [{ text: "asked 40 times" }] });
    await client.close();
  });
});

describe("limits.requestStateMaxBytes", () => {
  it("asks nothing when the state is too large: an error for the client, the reason in the log", async () => {
    const limited = withQuestions(await serve({ requestStateMaxBytes: 1_000 }));
    expect(stateOf(await round(limited, "record", 500))).toBeTypeOf("string");
    const refused = await round(limited, "record", 1_000);
    expect(refused.error).toMatchObject({ code: -32603, message: expect.stringContaining("Internal error") });
    const [logged] = limited.logged.filter(({ event }) => event === "handler_failed");
    expect(String(logged?.fields.error)).toMatch(/requestState of 1\d{3} bytes exceeds limits\.requestStateMaxBytes/);
    await limited.settled();
  });

  it("bounds what travels: the sealed text, in bytes", async () => {
    const limited = withQuestions(await serve({ requestStateMaxBytes: 1_000 }));
    limited.mcp.registerTool("wide", { annotations }, async (ctx) => {
      await ctx.step("wide", () => "ü".repeat(800));
      return (await ctx.elicit({ message: "Who?", requestedSchema })).action;
    });
    for (const name of ["record", "wide"]) {
      const state = stateOf(await round(limited, name, 800));
      expect(Buffer.byteLength(String(state ?? ""))).toBeLessThanOrEqual(1_000);
    }
  });

  it("lifted with Infinity takes more than the default", async () => {
    const limited = withQuestions(await serve({ requestStateMaxBytes: Number.POSITIVE_INFINITY }));
    const state = stateOf(await round(limited, "record", 100_000));
    expect(textOf(await round(limited, "record", 100_000, state))).toBe("accept");
  });
});

describe("limits.requestStateTtlMs", () => {
  it.each([1_000, Number.POSITIVE_INFINITY])("of %s: state is taken until then and refused after it", async (ttlMs) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const limited = withQuestions(await serve({ requestStateTtlMs: ttlMs }));
      const state = stateOf(await round(limited, "record", 1));
      const later = async (ms: number) => {
        vi.setSystemTime(Date.now() + ms);
        return await round(limited, "record", 1, state);
      };
      expect(textOf(await later(1_000))).toBe("accept");
      const late = await later(ttlMs === 1_000 ? 1 : 1_000 * 365 * 86_400_000);
      if (ttlMs !== 1_000) expect(textOf(late)).toBe("accept");
      else expect(late.error).toMatchObject({ code: -32602, message: expect.stringContaining("has expired") });
    } finally {
      vi.useRealTimers();
    }
  });
});
