/** Calls of the local caller, in this process. */
import { LOCAL_PRINCIPAL } from "../../../src/auth/principal.js";
import { Channel } from "../../../src/server/channel.js";
import { modernRequest, Queue } from "../../support/raw-http.js";
import { type Revision, type WireObject, WireRecorder } from "../../support/wire-schema.js";
import { type Asked, type Begun, type Client, client, nextId, paramsOf, toldUnder } from "./way.js";
import type { Working } from "./works.js";

/** What stdio is when its lines are taken off: the channel of the local caller. */
export async function local(working: Working, revision: Revision): Promise<Client> {
  const exchange = new WireRecorder(revision).exchange({ label: `local ${revision}` });
  const messages = new Queue<WireObject>();
  const send = (text: string) => {
    const message = JSON.parse(text) as WireObject;
    try {
      exchange.received(message);
      messages.push(message);
    } catch (error) {
      messages.fail(error as Error);
    }
  };
  const channel = new Channel(working.app, { transport: "stdio", principal: LOCAL_PRINCIPAL, send, modern: true });
  const post = (message: WireObject) => {
    exchange.sent(message);
    channel.receiveText(JSON.stringify(message));
  };
  const legacy = revision !== "2026-07-28";
  if (legacy) {
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: "local", version: "1.0.0" } };
    post({ jsonrpc: "2.0", id: "initialize", method: "initialize", params });
    post({ jsonrpc: "2.0", method: "notifications/initialized" });
  }
  const begin = (asked: Asked): Begun => {
    const id = nextId();
    const params = paramsOf(asked, asked.key);
    const from = messages.all.length;
    post(
      legacy
        ? { jsonrpc: "2.0", id, method: "tools/call", params }
        : modernRequest("tools/call", params, { id }).message,
    );
    const answer = messages.expect((item) => item.id === id && !("method" in item));
    answer.catch(() => undefined);
    return {
      id,
      answer,
      get told() {
        return toldUnder(asked.token, messages.all.slice(from));
      },
      drop: async () => channel.close(),
      cancel: async () => post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } }),
    };
  };
  return client(begin, () => channel.close());
}
