import { encodeError, INVALID_REQUEST, messageKind, type RequestMessage, salvageId } from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import { BatchCollector, batchRefusal } from "../../server/batch.js";
import { dispatchRequest } from "../../server/dispatch.js";
import type { Exchange } from "../../server/exchange.js";
import type { Peer } from "../../server/peer.js";
import { accept, exchangeFor, isInitialize, type LegacyLane } from "./legacy-lane.js";
import type { PostExchange } from "./post-exchange.js";
import { refuseDraining, refuseMessage } from "./respond.js";
import type { LiveSession } from "./sessions.js";
import type { HttpExchange } from "./types.js";

/** A JSON-RPC batch (2025-03-26): one reply with all answers, or a stream of them when a call speaks on the way. */
export function serveBatch(
  lane: LegacyLane,
  http: HttpExchange,
  messages: readonly unknown[],
  peer: Peer,
  live: LiveSession | undefined,
): void {
  const { app } = lane;
  const refused = batchRefusal(app, peer.revision, messages.length);
  if (refused !== undefined) return refuseMessage(http, 400, refused);
  const kinds = messages.map(messageKind);
  if (!kinds.includes("request") && !kinds.includes("invalid")) {
    for (const [index, message] of messages.entries()) accept(kinds[index] ?? "invalid", message, live);
    return http.end(202, {});
  }
  if (app.draining) return refuseDraining(http);
  const parent = exchangeFor(lane, http, peer, live);
  const arrivals: ((arrived: boolean) => void)[] = [];
  const collector = new BatchCollector((answers) => {
    if (arrivals.length > 0) {
      parent.onDelivery((arrived) => {
        for (const listener of arrivals) listener(arrived);
      });
    }
    if (answers.length > 0) parent.reply(`[${answers.join(",")}]`, 0);
    else parent.abandon("");
  });
  for (const [index, message] of messages.entries()) {
    const kind = kinds[index] ?? "invalid";
    if (kind === "invalid" || isInitialize(message)) collector.slot()(encodeError(salvageId(message), INVALID_REQUEST));
    else if (kind === "request") dispatchOne({ app, parent, arrivals }, message as RequestMessage, collector.slot());
    else accept(kind, message, live);
  }
  collector.close();
  parent.watch();
}

/** The one reply of a batch, and who wants to know whether it arrives. */
interface BatchReply {
  readonly app: App;
  readonly parent: PostExchange;
  readonly arrivals: ((arrived: boolean) => void)[];
}

function dispatchOne(
  { app, parent, arrivals }: BatchReply,
  message: RequestMessage,
  answer: (text: string) => void,
): void {
  const { peer, calls } = parent;
  const exchange: Exchange = {
    peer,
    calls,
    mute: parent.mute,
    header: (name) => parent.header(name),
    notify: (text) => parent.notify(text),
    reply: answer,
    abandon: () => answer(""),
    onDelivery: (listener) => void arrivals.push(listener),
  };
  dispatchRequest(app, exchange, message);
}
