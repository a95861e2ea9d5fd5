import type { Principal } from "../auth/principal.js";
import { ErrorCode } from "../errors.js";
import type { RpcErrorShape } from "../protocol/jsonrpc.js";
import { negotiate } from "../protocol/revisions/index.js";
import type { ClientCapabilities, Implementation } from "../protocol/types.js";
import { type JsonObject, ownObject, ownString } from "../util/json.js";
import type { App } from "./app.js";
import type { TransportName } from "./peer.js";
import { LegacySession, type SessionOptions } from "./session.js";

/** Opens a session from the parameters of `initialize`, or says what is wrong with them. */
export function openSessionFrom(
  app: App,
  params: JsonObject | undefined,
  from: { readonly transport: TransportName; readonly principal: Principal; readonly id?: SessionOptions["id"] },
): LegacySession | RpcErrorShape {
  const version = ownString(params, "protocolVersion");
  if (version === undefined) return invalid("protocolVersion must be a string");
  const capabilities = ownObject(params, "capabilities");
  if (capabilities === undefined) return invalid("capabilities must be an object");
  const info = ownObject(params, "clientInfo");
  if (ownString(info, "name") === undefined || ownString(info, "version") === undefined) {
    return invalid("clientInfo must have a name and a version");
  }
  const client = {
    info: info as unknown as Implementation,
    capabilities: capabilities as ClientCapabilities,
  };
  const { transport, principal, id } = from;
  return newSession(app, { id, transport, principal, revision: negotiate(version), client });
}

/** A session with this server's bounds. */
export function newSession(
  app: App,
  parts: Omit<SessionOptions, "maxPendingRequests" | "maxSubscriptions">,
): LegacySession {
  const { id, revision, transport, principal, client, listenElsewhere } = parts;
  const { maxPendingRequests, maxSubscriptions } = app.limits;
  // Member by member: a spread costs more than everything else that a short session needs.
  return new LegacySession({
    id,
    revision,
    transport,
    principal,
    client,
    maxPendingRequests,
    maxSubscriptions,
    listenElsewhere,
  });
}

function invalid(message: string): RpcErrorShape {
  return { code: ErrorCode.InvalidParams, message: `Invalid initialize request: ${message}` };
}
