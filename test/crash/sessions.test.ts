/** Servers that are killed while sessions live and streams are open, and their clients in the next process. */
import { describe, expect, it } from "vitest";
import { legacySession, sse } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { expectDone, expectUnknown } from "./helpers/calls.js";
import { places } from "./helpers/processes.js";

const place = places();
const CALL = (name: string) => ({ name, arguments: {}, _meta: { progressToken: 1 } });
const isAnswer = (message: WireObject) => "result" in message;

describe("[38] a server is restarted while a session lives", () => {
  it.each(["2025-03-26", "2025-06-18", "2025-11-25"] as const)(
    "%s: with a durable store it goes on",
    async (revision) => {
      const at = place();
      const first = await at.start();
      const session = await legacySession(first.url, revision);
      await first.kill();
      const second = await at.start({ port: first.port });
      const { result } = await session.request("tools/call", CALL("plain"));
      expectDone(result as WireObject, second.pid);
    },
  );

  it("without one the session is gone: exactly 404, and a new one can be opened", async () => {
    const at = place();
    const first = await at.start({ memory: true });
    const session = await legacySession(first.url);
    await first.kill();
    await at.start({ port: first.port, memory: true });
    expect((await session.post(session.message("tools/call", CALL("plain")))).status).toBe(404);
    expect((await session.listen()).status).toBe(404);
    const another = await legacySession(first.url);
    expect(await another.request("tools/call", CALL("plain"))).toHaveProperty("result");
  });
});

describe("[15] a stream broke because its server was killed", () => {
  it.each(["keyed", "plain"])("2025-11-25, %s: resumed in the next process, which answers", async (tool) => {
    const at = place();
    const first = await at.start({ moment: "begun" });
    const session = await legacySession(first.url);
    const stream = await session.open(session.message("tools/call", CALL(tool), "cut"));
    const progress = await stream.messages.expect(({ method }) => method === "notifications/progress");
    expect(progress).toMatchObject({ params: { progress: 1 } });
    await first.reached("begun");
    await first.kill();
    await stream.closed;
    const second = await at.start({ port: first.port });
    const resumed = await session.listen(stream.parser.lastEventId);
    expect(resumed.status).toBe(200);
    await resumed.closed;
    const answers = resumed.messages.all.filter(isAnswer);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.id).toBe("cut");
    const result = answers[0]?.result as WireObject;
    if (tool === "keyed") expectDone(result, second.pid);
    else expectUnknown(result);
    expect(at.starts).toHaveLength(tool === "keyed" ? 2 : 1);
    expect(new Set(at.starts).size).toBe(1);
  });

  it.each(["keyed", "plain"])("HTTP+SSE, %s: the same session, and the answer comes once", async (tool) => {
    const at = place();
    const first = await at.start({ moment: "begun" });
    const client = await sse(first.url.replace("/mcp", "/sse"));
    await client.initialize();
    const { href } = client.endpoint;
    await client.send(client.message("tools/call", CALL(tool), "cut"));
    await client.messages.expect(({ method }) => method === "notifications/progress");
    await first.reached("begun");
    await first.kill();
    await client.cut();
    const second = await at.start({ port: first.port });
    await client.resume();
    expect(client.endpoint.href).toBe(href);
    const { result } = await client.messages.expect(({ id }) => id === "cut");
    if (tool === "keyed") expectDone(result as WireObject, second.pid);
    else expectUnknown(result as WireObject);
    // The session is whole: another call works.
    expect(await client.request("ping")).toHaveProperty("result");
    expect(client.messages.all.filter(({ id }) => id === "cut")).toHaveLength(1);
    client.close();
  });
});
