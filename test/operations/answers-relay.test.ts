/** [40] What the server does with the relay of its store: when it listens, for how long, and what it says when there is no way. */
import { afterEach, describe, expect, it } from "vitest";
import { custom, HoldfastError, McpServer, type RelayListener, type RelayStore, type Sent } from "../../src/index.js";
import { memoryStore } from "../../src/stores/memory/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";
import { type LegacySession, legacySession, type RawStream } from "../support/raw-http.js";
import { CAPABILITIES, word } from "./helpers/asking-nodes.js";

const auth = custom((request) => {
  return { issuer: "test", subject: request.header("x-user") ?? "nobody", permissions: ["*"] };
});

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

/** A relay that notes what it is asked, and answers as the test says. */
class NotedRelay implements RelayStore {
  readonly listening = new Map<string, RelayListener>();
  readonly sent: (readonly [string, unknown])[] = [];
  answer: () => Sent | Promise<Sent> = () => "nobody";
  before: () => void | Promise<void> = () => undefined;
  listened = 0;

  send(address: string, text: string): Sent | Promise<Sent> {
    this.sent.push([address, JSON.parse(text)]);
    return this.answer();
  }

  async listen(address: string, listener: RelayListener): Promise<() => void> {
    this.listened += 1;
    await this.before();
    this.listening.set(address, listener);
    return () => void this.listening.delete(address);
  }
}

interface Served {
  readonly relay: NotedRelay;
  readonly session: LegacySession;
  readonly logged: string[];
  asks(): Promise<RawStream>;
}

async function serve(limits: { readonly clientRequestTimeoutMs?: number } = {}): Promise<Served> {
  const relay = new NotedRelay();
  const logged: string[] = [];
  const logger = { ...silentLogger, log: (_level: string, event: string) => void logged.push(event) };
  const mcp = new McpServer(
    { name: "asks", version: "1.0.0" },
    { auth, limits, logger, store: { ...memoryStore(), relay } },
  );
  const requestedSchema = { type: "object", properties: { word: { type: "string" } } } as const;
  mcp.registerTool("ask", { annotations: { readOnlyHint: true } }, async (ctx) => {
    ctx.progress(1);
    try {
      return JSON.stringify(await ctx.elicit({ message: "Which word?", requestedSchema }));
    } catch (error) {
      return String((error as { code?: string }).code);
    }
  });
  const handle = await mcp.run({ transport: "http", port: 0, signals: false });
  toClose.push(() => handle.close());
  const session = await legacySession(handle.url ?? "", "2025-11-25", {
    headers: { "x-user": "alice" },
    capabilities: CAPABILITIES,
  });
  const asks = async () => {
    const params = { name: "ask", arguments: {}, _meta: { progressToken: 1 } };
    const stream = await session.open(session.message("tools/call", params));
    toClose.push(() => stream.close());
    return stream;
  };
  return { relay, session, logged, asks };
}

const question = (stream: RawStream) => stream.messages.expect(({ method }) => method === "elicitation/create");

async function textOf(stream: RawStream): Promise<string> {
  const { result } = await stream.messages.expect((message) => "result" in message);
  return (result as { content: { text: string }[] }).content[0]?.text ?? "";
}

describe("[40] a question", () => {
  it("is listened for under an address of its own before it is sent, and no longer than it is open", async () => {
    const { relay, session, asks } = await serve();
    let go: () => void = () => undefined;
    relay.before = () => new Promise<void>((resolve) => (go = resolve));
    const stream = await asks();
    await until("it is listened for", () => relay.listened === 1);
    await session.request("ping");
    expect(stream.messages.all.filter(({ method }) => method === "elicitation/create")).toEqual([]);
    go();
    const { id } = await question(stream);
    expect([...relay.listening.keys()]).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
    // What is here is answered here.
    expect((await session.respond(id, word("tree"))).status).toBe(202);
    expect(JSON.parse(await textOf(stream))).toEqual(word("tree"));
    await until("nobody listens any more", () => relay.listening.size === 0);
    expect(relay.sent).toEqual([]);
  });

  it("takes the first answer that comes from elsewhere, and nothing that is not its own", async () => {
    const { relay, asks } = await serve();
    const stream = await asks();
    const { id } = await question(stream);
    const [tell] = [...relay.listening.values()];
    const answer = (of: unknown, text: string) => JSON.stringify({ jsonrpc: "2.0", id: of, result: word(text) });
    for (const text of ["", "{", "[]", "null", '{"jsonrpc":"2.0"}', answer(Number(id) + 1, "of another")]) tell?.(text);
    tell?.(answer(id, "first"));
    tell?.(answer(id, "second"));
    expect(JSON.parse(await textOf(stream))).toEqual(word("first"));
  });

  it.each([
    ["times out", "ERR_TIMEOUT", async () => undefined, 100],
    ["'s session ends", "ERR_CANCELLED", async ({ session }: Served) => void (await session.end()), undefined],
  ] as const)("that %s is listened for no more", async (_how, code, end, clientRequestTimeoutMs) => {
    const served = await serve(clientRequestTimeoutMs === undefined ? {} : { clientRequestTimeoutMs });
    const stream = await served.asks();
    await question(stream);
    await end(served);
    if (code === "ERR_TIMEOUT") expect(await textOf(stream)).toBe(code);
    await until("nobody listens any more", () => served.relay.listening.size === 0);
  });

  it("whose time is over before it is listened for is not sent, and not listened for later", async () => {
    const { relay, asks } = await serve({ clientRequestTimeoutMs: 20 });
    let go: () => void = () => undefined;
    relay.before = () => new Promise<void>((resolve) => (go = resolve));
    const stream = await asks();
    expect(await textOf(stream)).toBe("ERR_TIMEOUT");
    go();
    await until("nobody listens", () => relay.listening.size === 0);
    expect(stream.messages.all.map(({ method }) => method ?? "answer")).toEqual(["notifications/progress", "answer"]);
  });

  it("[28] that cannot be listened for is not asked: the handler is told", async () => {
    const { relay, asks } = await serve();
    relay.before = () => Promise.reject(new HoldfastError("ERR_STORE", "not reached"));
    const stream = await asks();
    expect(await textOf(stream)).toBe("ERR_STORE");
    expect(stream.messages.all.map(({ method }) => method ?? "answer")).toEqual(["notifications/progress", "answer"]);
  });
});

describe("[40] an answer to nothing here", () => {
  it("goes to the address of its own session and id, and is accepted, whether somebody has it or nobody", async () => {
    const { relay, session, asks } = await serve();
    const stream = await asks();
    const { id } = await question(stream);
    const [address] = [...relay.listening.keys()];
    await session.respond(id, word("tree"));
    await textOf(stream);
    for (const answer of ["nobody", "sent"] as const) {
      relay.answer = () => answer;
      expect((await session.respond(id, word("again"))).status).toBe(202);
    }
    const again = { jsonrpc: "2.0", id, result: word("again") };
    expect(relay.sent).toEqual([
      [address, again],
      [address, again],
    ]);
  });

  it.each<readonly [string, () => Sent | Promise<Sent>, readonly string[]]>([
    ["is full", () => "full", []],
    ["fails", () => Promise.reject(new HoldfastError("ERR_STORE", "secret address")), ["answer_not_forwarded"]],
    [
      "throws",
      () => {
        throw new HoldfastError("ERR_STORE", "secret address");
      },
      ["answer_not_forwarded"],
    ],
  ])("[28] the relay %s: 503, and when to send it again", async (_what, answer, events) => {
    const { relay, session, logged } = await serve();
    relay.answer = answer;
    const { status, headers, raw } = await session.respond(12, word("tree"));
    expect([status, headers["retry-after"]]).toEqual([503, "5"]);
    expect(raw.toString()).not.toContain("secret address");
    expect(logged.filter((event) => event !== "listening")).toEqual(events);
    relay.answer = () => "sent";
    expect((await session.respond(12, word("tree"))).status).toBe(202);
  });
});
