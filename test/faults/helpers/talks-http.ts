/** Talks over Streamable HTTP: with a session, and without one as 2026-07-28 has it. */
import { legacySession, modernHeaders, open, post, type RawStream } from "../../support/raw-http.js";
import { isWireObject, type Revision, type WireObject } from "../../support/wire-schema.js";
import { type Served, TAG } from "./server.js";
import { cancelled, expectAccepted, type Id, isAnswer, only, requestText, type Talk, WAIT } from "./talk.js";

/** Streams that were opened for calls: what came on them, and how to leave them. */
class Calls {
  readonly #streams = new Map<Id, Promise<RawStream>>();

  add(id: Id, stream: Promise<RawStream>): void {
    this.#streams.set(id, stream);
    // A call that is taken back before its answer began has none.
    stream.then(
      (one) => this.#opened.push(one),
      () => undefined,
    );
  }

  readonly #opened: RawStream[] = [];

  answers(id: Id): readonly WireObject[] {
    return this.#opened.flatMap((stream) => stream.messages.all).filter(isAnswer(id));
  }

  async ended(id: Id): Promise<void> {
    await (await this.#streams.get(id))?.closed;
  }
}

/** With a session. */
export async function http(served: Served, revision: Revision): Promise<Talk> {
  const session = await legacySession(served.url, revision);
  const calls = new Calls();
  return {
    ask: (text) => only(session.post(text)),
    tell: async (text) => expectAccepted(await session.post(text)),
    begin: async (id) => {
      const before = served.count(() => true);
      calls.add(id, session.open(session.message("tools/call", WAIT, id)));
      await served.seen(before + 1, () => true);
    },
    cancel: async (id) => {
      await session.post(cancelled(id));
      await calls.ended(id);
    },
    answers: (id) => calls.answers(id),
    close: async () => void (await session.end()),
  };
}

/** Of 2026-07-28: a call is taken back by closing its connection. */
export async function modernHttp(served: Served): Promise<Talk> {
  const calls = new Calls();
  const leaving = new Map<Id, AbortController>();
  const headersFor = (text: string) => {
    const message: unknown = JSON.parse(text);
    const { method, params } = isWireObject(message) ? message : {};
    const name = isWireObject(params) ? params.name : undefined;
    return modernHeaders(String(method), typeof name === "string" ? name : undefined);
  };
  return {
    ask: (text) => only(post(served.url, text, { headers: headersFor(text) })),
    tell: async (text) => expectAccepted(await post(served.url, text, { headers: headersFor(text) })),
    begin: async (id) => {
      const body = requestText("2026-07-28", JSON.stringify(id), "tools/call", WAIT);
      const controller = new AbortController();
      leaving.set(id, controller);
      const headers = { ...headersFor(body), [TAG]: tagOf(id) };
      const before = served.count(() => true);
      calls.add(id, open(served.url, { method: "POST", body, headers, signal: controller.signal }));
      await served.seen(before + 1, () => true);
    },
    cancel: async (id) => {
      leaving.get(id)?.abort();
      await served.gone(tagOf(id));
    },
    answers: (id) => calls.answers(id),
    close: async () => undefined,
  };
}

function tagOf(id: Id): string {
  return `modern ${JSON.stringify(id)}`;
}
