import { beforeEach, describe, expect, it } from "vitest";
import { custom } from "../../src/index.js";
import { type LegacySession, legacySession, type RawStream } from "../support/raw-http.js";
import { callTool, codeOf, fullSession, paramsOf, textOf, toolCall } from "./fixtures/legacy-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const CHANGED = "notifications/tools/list_changed";

const serve = serving();
let served: Served;
let session: LegacySession;
beforeEach(async () => {
  served = await serve();
  session = await fullSession(served.url);
});

const answerOf = (stream: RawStream) => stream.messages.expect((message) => "result" in message || "error" in message);

describe("the GET stream", () => {
  it("gets changed lists and updates of what was subscribed to, and no answers", async () => {
    const stream = await session.listen();
    expect(stream.status).toBe(200);
    expect(stream.headers["content-type"]).toBe("text/event-stream");
    await session.request("resources/subscribe", { uri: "test://live" });
    for (const uri of ["test://text", "test://live"]) await callTool(session, "touch", { uri });
    for (const kind of ["tools", "prompts", "resources"]) await callTool(session, "add_extra", { kind });
    await stream.messages.expect(({ method }) => method === "notifications/resources/list_changed");
    await session.request("resources/unsubscribe", { uri: "test://live" });
    await callTool(session, "touch", { uri: "test://live" });
    await callTool(session, "remove_extra", { kind: "tools" });
    await stream.messages.expect(({ method }) => method === CHANGED);
    await stream.messages.expect(({ method }) => method === CHANGED);
    expect(stream.messages.all.map(({ method, params }) => paramsOf({ params }).uri ?? method)).toEqual([
      "test://live",
      CHANGED,
      "notifications/prompts/list_changed",
      "notifications/resources/list_changed",
      CHANGED,
    ]);
    stream.close();
  });

  it("is of one session: others hear nothing of its subscriptions", async () => {
    const other = await fullSession(served.url);
    const [mine, theirs] = [await session.listen(), await other.listen()];
    await session.request("resources/subscribe", { uri: "test://live" });
    await callTool(other, "touch", { uri: "test://live" });
    await mine.messages.expect(({ method }) => method === "notifications/resources/updated");
    await callTool(other, "add_extra", { kind: "tools" });
    await theirs.messages.expect(({ method }) => method === CHANGED);
    expect(theirs.messages.all).toHaveLength(1);
    for (const stream of [mine, theirs]) stream.close();
  });

  it("refuses subscriptions to what is not there or not permitted", async () => {
    const refusal = async (uri: string) => codeOf(await session.request("resources/subscribe", { uri }));
    expect([await refusal("test://missing"), await refusal("test://guarded")]).toEqual([-32002, 1403]);
    expect(codeOf(await session.request("resources/subscribe", {}))).toBe(-32602);
  });

  it("needs text/event-stream", async () => {
    const stream = await session.listen(undefined, { headers: { accept: "application/json" } });
    stream.close();
    expect(stream.status).toBe(406);
  });
});

describe("[43] a second GET stream", () => {
  it("gets what is new, once; the first one stays open", async () => {
    const first = await session.listen();
    const second = await session.listen();
    expect(second.status).toBe(200);
    await callTool(session, "add_extra", { kind: "tools" });
    await second.messages.expect(({ method }) => method === CHANGED);
    await session.end();
    // Open until the session ended, and never told.
    expect(await first.closed).toBe("end");
    expect(first.messages.all).toEqual([]);
    expect(second.messages.all).toHaveLength(1);
  });

  it("that has gone away leaves the word to the first", async () => {
    const first = await session.listen();
    const second = await session.listen();
    second.close();
    await served.disconnected();
    await callTool(session, "add_extra", { kind: "tools" });
    await first.messages.expect(({ method }) => method === CHANGED);
    first.close();
  });

  it("is one too many at the bound, and those that have gone away do not count", async () => {
    const bounded = await serve({ limits: { maxStreamsPerSession: 2 } });
    const client = await legacySession(bounded.url);
    const open = [await client.listen(), await client.listen()];
    const refused = await client.listen();
    refused.close();
    expect(refused.status).toBe(409);
    for (const stream of open) {
      stream.close();
      await bounded.disconnected();
    }
    const again = await client.listen();
    again.close();
    expect(again.status).toBe(200);
  });
});

describe("a stream that cannot be served any more", () => {
  it("is ended when its session makes room for others, so that its client knows", async () => {
    const bounded = await serve({ limits: { maxSessions: 1 } });
    const [one, other] = [await fullSession(bounded.url), await fullSession(bounded.url)];
    const [first, second] = [await one.listen(), await other.listen()];
    await callTool(other, "add_extra", { kind: "tools" });
    await second.messages.expect(({ method }) => method === CHANGED);
    // Told, or ended: an open stream that will never say anything is neither.
    const told = await Promise.race([first.closed, first.messages.expect(({ method }) => method === CHANGED)]);
    expect(told).toBeDefined();
    for (const stream of [first, second]) stream.close();
  });

  it("is not one whose client went away while it was found out who it is", async () => {
    let letIn: () => void = () => undefined;
    const principal = { issuer: "test", subject: "a", permissions: [] };
    const waiting = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const auth = custom(async (request) => {
      if (request.header("x-slow") !== undefined) await waiting;
      return principal;
    });
    const slow = await serve({ auth });
    const client = await fullSession(slow.url);
    const alive = await client.listen();
    const controller = new AbortController();
    const gone = client.listen(undefined, { headers: { "x-slow": "1" }, signal: controller.signal });
    await slow.arrived(({ headers }) => headers["x-slow"] !== undefined);
    controller.abort();
    await expect(gone).rejects.toThrow();
    await slow.disconnected();
    letIn();
    await callTool(client, "add_extra", { kind: "tools" });
    await alive.messages.expect(({ method }) => method === CHANGED);
    alive.close();
  });
});

describe("[15] a connection that breaks", () => {
  it("cancels nothing: the result waits, and comes once, in order", async () => {
    const stream = await session.open(toolCall("hold", { key: "b" }, 1, { progressToken: 1 }));
    await stream.messages.expect();
    const { lastEventId } = stream.parser;
    stream.close();
    await served.disconnected();
    expect(textOf(await callTool(session, "release", { key: "b" }))).toBe("released");
    const rest = await session.listen(lastEventId);
    expect(textOf(await answerOf(rest))).toBe("held");
    expect(await rest.closed).toBe("end");
    expect(rest.messages.all).toHaveLength(1);
  });
});
