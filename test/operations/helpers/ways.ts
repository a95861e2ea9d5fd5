/** One client on each way to a server, with the same few verbs, so that one test of operations runs over all of them. */
import { Agent } from "node:http";
import { TAG } from "../../faults/helpers/server.js";
import { legacySession, modernRequest, open, type RawStream, SseClient } from "../../support/raw-http.js";
import type { Revision, WireObject } from "../../support/wire-schema.js";
import { type Asked, type Begun, type Client, client, nextId, paramsOf, toldUnder, type Way } from "./way.js";
import { local } from "./way-local.js";
import type { Working } from "./works.js";

/** Reads a POST's answer to its end. */
function begun(parts: {
  readonly id: string;
  readonly opening: Promise<RawStream>;
  readonly controller: AbortController;
  readonly gone: () => Promise<void>;
  readonly cancel?: () => Promise<void>;
}): Begun {
  const told: WireObject[] = [];
  let stream: RawStream | undefined;
  const read = async () => {
    stream = await parts.opening;
    for await (const message of stream.messages) {
      if (!("method" in message)) return message;
      told.push(message);
    }
    throw new Error(`${parts.id} was not answered: ${await stream.closed} ${stream.raw.toString()}`);
  };
  const answer = read();
  answer.catch(() => undefined);
  const drop = async () => {
    stream?.close();
    parts.controller.abort();
    await parts.gone();
  };
  return { id: parts.id, answer, told, drop, ...(parts.cancel !== undefined && { cancel: parts.cancel }) };
}

async function modernHttp(working: Working, user: string | undefined): Promise<Client> {
  const agent = new Agent({ keepAlive: true });
  const begin = (asked: Asked) => {
    const id = nextId();
    const controller = new AbortController();
    const { message, headers } = modernRequest("tools/call", paramsOf(asked), { id });
    const all = { ...headers, "x-user": user, "idempotency-key": asked.key, [TAG]: id };
    const opening = open(working.url, {
      method: "POST",
      body: message,
      headers: all,
      agent,
      signal: controller.signal,
    });
    return begun({ id, opening, controller, gone: () => working.gone(id) });
  };
  return client(begin, () => agent.destroy());
}

async function session(working: Working, user: string | undefined, revision: Revision): Promise<Client> {
  const agent = new Agent({ keepAlive: true });
  const one = await legacySession(working.url, revision, { headers: { "x-user": user } });
  const begin = (asked: Asked) => {
    const id = nextId();
    const controller = new AbortController();
    const { signal } = controller;
    const headers = { "idempotency-key": asked.key, [TAG]: id };
    const opening = one.open(one.message("tools/call", paramsOf(asked), id), { headers, agent, signal });
    const cancel = async () => void (await one.notify("notifications/cancelled", { requestId: id }));
    return begun({ id, opening, controller, gone: () => working.gone(id), cancel });
  };
  return client(begin, () => agent.destroy());
}

async function httpSse(working: Working, user: string | undefined): Promise<Client> {
  const id = nextId();
  const one = new SseClient(working.sseUrl, { headers: { "x-user": user, [TAG]: id } });
  await one.resume();
  await one.initialize();
  const begin = (asked: Asked): Begun => {
    const message = one.message("tools/call", paramsOf(asked, asked.key), nextId());
    const from = one.messages.all.length;
    const sent = one.send(message);
    const answer = sent.then(() => one.messages.expect((item) => item.id === message.id && !("method" in item)));
    answer.catch(() => undefined);
    return {
      id: String(message.id),
      answer,
      get told() {
        return toldUnder(asked.token, one.messages.all.slice(from));
      },
      drop: async () => {
        await sent;
        await one.cut();
        await working.gone(id);
      },
      cancel: async () => {
        await sent;
        await one.notify("notifications/cancelled", { requestId: message.id });
      },
    };
  };
  return client(begin, () => one.close());
}

export const MODERN_HTTP: Way = {
  name: "HTTP, 2026-07-28",
  era: "modern",
  breaks: true,
  start: (working, user) => modernHttp(working, user),
};
const SESSIONS = (["2025-03-26", "2025-06-18", "2025-11-25"] as const).map((revision): Way => {
  return {
    name: `HTTP session, ${revision}`,
    era: "legacy",
    breaks: true,
    start: (working, user) => session(working, user, revision),
  };
});
const SSE: Way = {
  name: "HTTP+SSE",
  era: "legacy",
  breaks: true,
  start: (working, user) => httpSse(working, user),
};
const LOCAL = (["2025-11-25", "2026-07-28"] as const).map((revision): Way => {
  const era = revision === "2026-07-28" ? "modern" : "legacy";
  return { name: `stdio, ${revision}`, era, breaks: false, start: (working) => local(working, revision) };
});

export const LEGACY_HTTP: readonly Way[] = [...SESSIONS, SSE];
export const WAYS: readonly Way[] = [MODERN_HTTP, ...LEGACY_HTTP, ...LOCAL];
export const OVER_HTTP: readonly Way[] = [MODERN_HTTP, ...LEGACY_HTTP];
