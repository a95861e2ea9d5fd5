import { ErrorCode } from "../../../errors.js";
import { isObject, type JsonObject, own, ownObject } from "../../../util/json.js";
import { META } from "../../headers.js";
import type { RpcErrorShape } from "../../jsonrpc.js";
import { type ClientCapabilities, type Implementation, LOGGING_LEVELS } from "../../types.js";

/** What every request says of itself (2026-07-28, basic, "Per-request protocol fields"). */
export interface Envelope {
  readonly protocolVersion: string;
  readonly clientInfo: Implementation | undefined;
  readonly capabilities: ClientCapabilities;
}

/** The version a message claims in its `_meta`; a message that claims one is of the modern era. */
export function claimedVersion(params: JsonObject | undefined): unknown {
  const meta = params === undefined ? undefined : ownObject(params, "_meta");
  return meta === undefined ? undefined : own(meta, META.protocolVersion);
}

/** Reads the envelope, or says what is wrong with it: -32602, over HTTP with status 400. */
export function decodeEnvelope(params: JsonObject | undefined): Envelope | RpcErrorShape {
  const meta = ownObject(params, "_meta");
  if (meta === undefined) return invalid("params._meta is missing; every request of 2026-07-28 carries it");
  const protocolVersion = own(meta, META.protocolVersion);
  if (typeof protocolVersion !== "string") return invalid(`_meta["${META.protocolVersion}"] must be a string`);
  const capabilities = own(meta, META.clientCapabilities);
  if (!isObject(capabilities)) return invalid(`_meta["${META.clientCapabilities}"] must be an object`);
  const level = own(meta, META.logLevel);
  if (level !== undefined && !(LOGGING_LEVELS as readonly unknown[]).includes(level)) {
    return invalid(`_meta["${META.logLevel}"] must be one of ${LOGGING_LEVELS.join(", ")}`);
  }
  const clientInfo = ownObject(meta, META.clientInfo) as Implementation | undefined;
  return { protocolVersion, clientInfo, capabilities };
}

/** True for the error half of `decodeEnvelope`. */
export function isEnvelopeError(value: Envelope | RpcErrorShape): value is RpcErrorShape {
  return "code" in value;
}

function invalid(message: string): RpcErrorShape {
  return { code: ErrorCode.InvalidParams, message: `Invalid request metadata: ${message}` };
}
