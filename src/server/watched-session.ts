/** Sessions as those who watch are told of them. `initialize` is answered by transports and never becomes a call. */
import { shown } from "../audit/names.js";
import type { RequestMessage } from "../protocol/jsonrpc.js";
import { LATEST_LEGACY } from "../protocol/revisions/index.js";
import { ownObject } from "../util/json.js";
import type { App } from "./app.js";
import type { Exchange } from "./exchange.js";
import { openSessionFrom } from "./initialize.js";

export interface InitializeFrom extends Readonly<Parameters<typeof openSessionFrom>[2]> {
  readonly header?: Exchange["header"];
}

/** Opens the session that an `initialize` asks for, and tells of it. */
export function openWatched(
  app: App,
  message: RequestMessage,
  from: InitializeFrom,
): ReturnType<typeof openSessionFrom> {
  const { instruments } = app;
  if (instruments === undefined) return openSessionFrom(app, message.params, from);
  const startedAt = performance.now();
  const session = openSessionFrom(app, message.params, from);
  const failed = "code" in session;
  const revision = (failed ? LATEST_LEGACY : session.revision).version;
  const info = failed ? undefined : session.client.info;
  const sessionId = typeof from.id === "function" ? from.id() : from.id;
  const watch = instruments.request({
    method: "initialize",
    known: true,
    id: typeof message.id === "string" ? shown(message.id) : message.id,
    revision,
    transport: from.transport,
    ...(sessionId !== undefined && { sessionId }),
    ...(info !== undefined && { client: { name: shown(info.name), version: shown(info.version) } }),
    meta: ownObject(message.params, "_meta") ?? {},
    header: (name) => from.header?.(name),
  });
  const durationMs = performance.now() - startedAt;
  if (failed) {
    watch?.ended({ outcome: "error", errorCode: session.code, errorMessage: shown(session.message), durationMs });
  } else {
    watch?.ended({ outcome: "ok", durationMs });
    instruments.session({ event: "opened", revision, transport: from.transport });
  }
  return session;
}
