/** [61, S13] Bodies: how large one may be, and what all that are on their way may cost together. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { RawSocket, requestBytes, sse } from "../support/raw-http.js";
import { type ParsedResponse, parseResponse } from "../support/raw-socket.js";
import { call, expectBusy, expectServed, type Limited, limitedServer, serving } from "./helpers/limited.js";
import { SlowSender } from "./helpers/sender.js";

const serve = serving();

/** A ping of exactly so many bytes. */
function ping(bytes: number): string {
  const text = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  return text + " ".repeat(bytes - text.length);
}

/** Sends a body in one chunk, without a length. */
async function chunked({ url }: Limited, body: string): Promise<ParsedResponse | undefined> {
  const socket = await RawSocket.connect(url);
  const head = requestBytes(url, "POST", undefined, {
    "content-type": "application/json",
    "transfer-encoding": "chunked",
  });
  const text = `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  await socket.write(text).catch(() => undefined);
  return parseResponse((await socket.all()).bytes, { sent: JSON.parse(body) });
}

async function sized(limited: Limited, body: string): Promise<ParsedResponse | undefined> {
  const sender = await SlowSender.begin(limited, body);
  await sender.send().catch(() => undefined);
  return sender.answer();
}

describe("[61] limits.maxBodyBytes", () => {
  const MAX = 1_000;

  it("takes a body of as many bytes and refuses one more with 413, with and without a length", async () => {
    const limited = await serve({ maxBodyBytes: MAX });
    for (const send of [sized, chunked]) {
      expect((await send(limited, ping(MAX)))?.status).toBe(200);
      const refused = await send(limited, ping(MAX + 1));
      expect(refused).toMatchObject({ status: 413, headers: { connection: "close" } });
      expect(String(refused?.body)).toContain(`larger than ${MAX} bytes`);
    }
    await limited.settled();
  });

  it("is the same on the message endpoint of HTTP+SSE and for what comes through mcp.fetch", async () => {
    const { mcp } = limitedServer({ maxBodyBytes: MAX });
    const headers = { "content-type": "application/json" };
    for (const [bytes, status] of [
      [MAX, 200],
      [MAX + 1, 413],
    ] as const) {
      const request = new Request("http://localhost/mcp", { method: "POST", headers, body: ping(bytes) });
      expect((await mcp.fetch(request)).status).toBe(status);
    }
    const limited = await serve({ maxBodyBytes: MAX });
    const client = await sse(limited.sseUrl);
    expect([(await client.send(ping(MAX))).status, (await client.send(ping(MAX + 1))).status]).toEqual([202, 413]);
    client.close();
  });

  it("lifted with Infinity takes more than the default", async () => {
    const limited = await serve({ maxBodyBytes: Number.POSITIVE_INFINITY });
    expect((await sized(limited, ping(LIMITS.maxBodyBytes.default + 1)))?.status).toBe(200);
  });
});

/** A body that the test sends piece by piece. */
function fed(): { readonly body: ReadableStream; readonly controller: ReadableStreamDefaultController } {
  const controllers: ReadableStreamDefaultController[] = [];
  const body = new ReadableStream({ start: (own) => void controllers.push(own) });
  return { body, controller: controllers[0] as ReadableStreamDefaultController };
}

describe("[61] limits.maxBodyBytesTotal", () => {
  const TOTAL = 10_000;
  const bodies = ({ app }: Limited) => app.budgets.bodies.used;

  /** A sender that keeps the server waiting with so many bytes. */
  async function holding(limited: Limited, bytes: number): Promise<SlowSender> {
    const before = bodies(limited);
    const sender = await SlowSender.begin(limited, ping(bytes + 100));
    await sender.send(bytes);
    await until("the bytes are counted", () => bodies(limited) === before + bytes);
    return sender;
  }

  it("refuses with 503 whose bytes are too many for all; who came before is served", async () => {
    const limited = await serve({ maxBodyBytesTotal: TOTAL });
    const [first, second] = [await holding(limited, 5_000), await holding(limited, 4_000)];
    const late = await SlowSender.begin(limited, ping(2_000));
    await late.send(1_001);
    const refused = parseResponse(Buffer.from(await late.head()));
    expectBusy({ status: 0, headers: {}, ...refused });
    expect(String(refused?.body)).toContain("Too much is being sent to this server at once");
    late.leave();
    expect(bodies(limited)).toBe(9_000);
    for (const sender of [first, second]) {
      await sender.send();
      expect((await sender.answer())?.status).toBe(200);
    }
    await limited.settled();
    await expectServed(call(limited.url, "quick"));
  });

  it("is given back by whoever leaves in the middle of a body", async () => {
    const limited = await serve({ maxBodyBytesTotal: TOTAL });
    const senders = [await holding(limited, 3_000), await holding(limited, 3_000)];
    for (const sender of senders) sender.leave();
    await limited.settled();
    const again = await holding(limited, TOTAL);
    await again.send(50).catch(() => undefined);
    expect((await again.head()).split("\r\n")[0]).toBe("HTTP/1.1 503 Service Unavailable");
    again.leave();
    await limited.settled();
  });

  it("ends the connection of whoever is refused: what is left of the body is in the way of the next request", async () => {
    const limited = await serve({ maxBodyBytesTotal: 1_000 });
    const sender = await SlowSender.begin(limited, ping(1_000_000), { headers: { connection: "keep-alive" } });
    await sender.send(2_000);
    expect(await sender.head()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nconnection: close\r\n/i);
    sender.leave();
  });

  it("[S13] is not for bodies that come at once: others are served however much is held back", async () => {
    const limited = await serve({ maxBodyBytesTotal: TOTAL });
    const slow = [await holding(limited, 5_000), await holding(limited, 5_000)];
    expect((await sized(limited, ping(100)))?.status).toBe(200);
    await expectServed(call(limited.url, "quick"));
    for (const sender of slow) sender.leave();
  });

  it("holds for what comes through mcp.fetch, and is given back there too", async () => {
    const { mcp, app, settled } = limitedServer({ maxBodyBytesTotal: 100 });
    const send = (body: ReadableStream) => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" };
      return mcp.fetch(new Request("http://localhost/mcp", init as RequestInit));
    };
    const feed = fed();
    const held = send(feed.body);
    feed.controller.enqueue(Buffer.from(ping(80)));
    await until("the bytes are counted", () => app.budgets.bodies.used === 80);
    const refused = await send(new Blob([ping(50)]).stream());
    expectBusy({ status: refused.status, headers: Object.fromEntries(refused.headers) });
    feed.controller.close();
    expect((await held).status).toBe(200);
    await settled();
    const broken = fed();
    send(broken.body).catch(() => undefined);
    broken.controller.enqueue(Buffer.from(ping(80)));
    await until("the bytes are counted", () => app.budgets.bodies.used === 80);
    broken.controller.error(new Error("the sender is gone"));
    await settled();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxBodyBytesTotal: Number.POSITIVE_INFINITY });
    const senders = [await holding(limited, 3 * TOTAL), await holding(limited, 3 * TOTAL)];
    for (const sender of senders) {
      await sender.send();
      expect((await sender.answer())?.status).toBe(200);
    }
    await limited.settled();
  });
});
