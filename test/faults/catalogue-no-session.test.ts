/** Requests without a session id: each stands alone, and never for a session that happens to be there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { kept } from "../support/kept.js";
import { collect, open, post } from "../support/raw-http.js";
import { busySession, CANCEL, forgedAnswer, registerBusy, SESSION_REVISIONS } from "./helpers/busy-session.js";
import { forEachNumber } from "./helpers/pool.js";
import { KEPT } from "./helpers/quick-session.js";
import { BY_NAME, type Served, serve, TAG } from "./helpers/server.js";

const mcp = new McpServer({ name: "no-session", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
registerBusy(mcp);
const inputSchema = { type: "object", properties: { mark: { type: "string" } }, required: ["mark"] } as const;
/** Calls that wait, by their mark. */
const waiting = new Map<string, () => void>();
let began: (mark: string) => void = () => undefined;
mcp.registerTool("hold", { inputSchema, annotations: { readOnlyHint: true } }, async ({ mark }, ctx) => {
  ctx.progress(1, 2, mark as string);
  await new Promise<void>((resolve) => {
    waiting.set(mark as string, resolve);
    began(mark as string);
  });
  return `held ${mark}${ctx.signal.aborted ? ", aborted" : ""}`;
});
mcp.registerTool("mark", { inputSchema, annotations: { readOnlyHint: true } }, async ({ mark }, ctx) => {
  for (let step = 1; step <= 3; step += 1) {
    ctx.progress(step, 3, mark as string);
    await new Promise((resolve) => setImmediate(resolve));
  }
  ctx.log.info(mark as string);
  return `${mark} ${ctx.client.info?.name ?? "unknown"} ${JSON.stringify(ctx.client.capabilities)}`;
});

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

const call = (name: string, mark: string) => {
  return {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: { mark }, _meta: { progressToken: 1 } },
  };
};
const request = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });

/** No revision is said at all by the oldest of these clients. */
describe.each([undefined, ...SESSION_REVISIONS])("%s", (version) => {
  const headers = { "mcp-protocol-version": version };
  const revision = version ?? "2025-03-26";
  const send = (body: unknown) => post(served.url, body, { headers, revision });

  test.each(SESSION_REVISIONS)("[93, S10] the one session of the same caller (%s) is not touched", async (of) => {
    const other = kept(await busySession(mcp, served.url, { revision: of }));
    expect(await send(request("ping", {}))).toMatchObject({ status: 200, reply: { result: {} } });
    for (const body of [CANCEL, forgedAnswer(other.question.id)]) expect((await send(body)).status).toBe(202);
    // A level and a subscription need a session to be kept in; without one they are not anybody's.
    await send(request("logging/setLevel", { level: "emergency" }));
    expect((await send(request("resources/subscribe", { uri: "test://thing" }))).reply).toHaveProperty("error");
    await send(request("resources/unsubscribe", { uri: "test://thing" }));
    const statusOf = async (method: string, more: Record<string, string> = {}, url = served.url, body?: unknown) => {
      const stream = await open(url, { method, headers: { ...headers, ...more }, ...(body !== undefined && { body }) });
      return (await collect(kept(stream))).status;
    };
    expect(await statusOf("GET")).toBe(405);
    expect(await statusOf("GET", { "last-event-id": other.call.parser.lastEventId })).toBe(405);
    expect(await statusOf("DELETE")).toBe(400);
    for (const query of ["", "?sessionId=", "?sessionId=undefined", `?sessionId=${other.session.id}`]) {
      expect(await statusOf("POST", {}, `${served.base}/messages${query}`, CANCEL)).toBe(404);
    }
    await other.assertUndisturbed();
  });

  test("[93] a cancellation or a lost connection ends no call with the same id", async () => {
    const started = new Promise<void>((resolve) => {
      const missing = new Set(["one", "two", "three"]);
      began = (mark) => {
        missing.delete(mark);
        if (missing.size === 0) resolve();
      };
    });
    const begin = (mark: string) =>
      open(served.url, { method: "POST", headers: { ...headers, [TAG]: mark }, revision, body: call("hold", mark) });
    const [one, two, three] = (await Promise.all(["one", "two", "three"].map(begin))).map(kept);
    await started;
    await send(CANCEL);
    three?.close();
    await served.gone("three");
    for (const release of waiting.values()) release();
    for (const [stream, mark] of [
      [one, "one"],
      [two, "two"],
    ] as const) {
      expect(await stream?.closed).toBe("end");
      expect(stream?.messages.all).toMatchObject([
        { params: { message: mark } },
        { id: 1, result: { content: [{ text: `held ${mark}` }] } },
      ]);
    }
  });

  test("[93] nothing of one call shows in another: not what clients say of themselves, not progress, not levels", async () => {
    const clientInfo = { name: "talkative", version: "1" };
    const params = { protocolVersion: revision, capabilities: { sampling: {}, roots: {} }, clientInfo };
    await forEachNumber(60, 12, async (number) => {
      if (number % 3 === 0) await post(served.url, { ...request("initialize", params) }, { ...KEPT, revision });
      if (number % 3 === 1) await send(request("logging/setLevel", { level: number % 2 ? "debug" : "emergency" }));
      const { messages } = await post(served.url, call("mark", `<${number}>`), { ...KEPT, headers, revision });
      const told = { level: "info", data: `<${number}>` };
      expect(messages.slice(0, -2).map((one) => (one.params as { message?: string }).message)).toEqual(
        Array(3).fill(`<${number}>`),
      );
      expect(messages.at(-2)).toMatchObject({ method: "notifications/message", params: told });
      expect(messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: `<${number}> unknown {}` }] } });
    });
  });
});
