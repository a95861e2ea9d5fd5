/** Which operation a call asks for: what makes two calls the same work (operations, identity). */

import { principalKey } from "../auth/principal.js";
import { ErrorCode, McpError } from "../errors.js";
import { canonicalJson } from "../util/canonical-json.js";
import { nodeCrypto } from "../util/crypto.js";
import { randomId } from "../util/ids.js";
import { own, ownString } from "../util/json.js";
import type { Call } from "./call.js";
import type { ToolEntry } from "./entries.js";

/** `_meta` members of Holdfast's own: names under a domain, as the specification wants them (basic, "_meta"). */
export const OPERATION_META = "dev.holdfast/operation";
const KEY_META = "dev.holdfast/idempotencyKey";
const KEY_HEADER = "idempotency-key";
/** Long enough that nobody picks another's by chance, short enough for a header; visible ASCII. */
const EXPLICIT_KEY = /^[\x21-\x7e]{16,255}$/;

/** The operation a call asks for. */
export interface Identity {
  readonly key: string;
  readonly fingerprint: string;
  /** False when nothing but the arguments says that two calls are the same: then only for as long as one is open. */
  readonly named: boolean;
  /** True when the state of an earlier round names it: the call was let in then. */
  readonly resumed?: boolean;
}

/**
 * Finds the identity of a call: the client's key, the operation its request state belongs to, the host's id of the tool
 * use, the tool's own key, or, for a caller who can be told from others, the arguments. Undefined: nothing tells this
 * call from another, so it stands for itself.
 *
 * @throws McpError -32602 for a key that is none, or two that differ.
 */
export function identify(call: Call, tool: ToolEntry, args: unknown): Identity | undefined {
  const fingerprint = hash(canonicalJson([tool.name, args]));
  const { resumes, durable } = call.exchange;
  if (resumes !== undefined) return { ...resumes, fingerprint };
  const resumed = call.resumes ? call.journal.operationKey : undefined;
  const explicit = explicitKey(call);
  if (resumed !== undefined) return { key: resumed, fingerprint, named: true, resumed: true };
  const principal = principalKey(call.peer.principal);
  const named = (kind: string, key: string) => {
    return { key: hash([call.app.info.name, principal, tool.name, kind, key]), fingerprint, named: true };
  };
  if (explicit !== undefined) return named("explicit", explicit);
  const host = hostKey(call);
  if (host !== undefined) return named("host", host);
  const own = tool.idempotencyKey?.(args);
  if (typeof own === "string" && own !== "") return named("tool", own);
  const scope = tool.dedupe ? scopeOf(call) : undefined;
  if (scope === undefined) {
    // Its request may be answered anew after a crash, and must not be run anew for that.
    return durable === true
      ? { key: hash([call.app.info.name, "once", randomId()]), fingerprint, named: false }
      : undefined;
  }
  return { key: hash([call.app.info.name, scope, tool.name, "same", fingerprint]), fingerprint, named: false };
}

/** The key of an operation that only its request state names. */
export function stateKey(call: Call, operationId: string): string {
  return hash([call.app.info.name, principalKey(call.peer.principal), "state", operationId]);
}

function explicitKey(call: Call): string | undefined {
  const given = [headerKey(call), own(call.meta, KEY_META), own(call.params, "idempotencyKey")].filter(
    (key) => key !== undefined,
  );
  const [key, ...others] = given;
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !EXPLICIT_KEY.test(key)) {
    throw new McpError(ErrorCode.InvalidParams, "An idempotency key has 16 to 255 visible ASCII characters.");
  }
  if (others.some((other) => other !== key)) {
    throw new McpError(ErrorCode.InvalidParams, "The call has two idempotency keys that differ; send one.");
  }
  return key;
}

/** The key that came as a header, if one did. */
export function headerKey(call: Call): string | undefined {
  return unquoted(call.exchange.header?.(KEY_HEADER));
}

/** The header may be a structured string (RFC 9651, 3.3.3), as the draft for Idempotency-Key has it. */
function unquoted(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 2 || !header.startsWith('"') || !header.endsWith('"')) return header;
  return header.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
}

/** Ids that hosts give to one use of a tool and send again when they call again. */
function hostKey(call: Call): string | undefined {
  for (const name of call.app.hostCallIds) {
    const id = ownString(call.meta, name);
    if (id !== undefined && id !== "") return `${name} ${id}`;
  }
  return undefined;
}

/** Who can be told from others without a key: an authenticated caller, a local one, a session. */
function scopeOf({ peer }: Call): string | undefined {
  if (peer.principal.issuer !== "anonymous") return principalKey(peer.principal);
  return peer.session?.id === undefined ? undefined : `session ${peer.session.id}`;
}

function hash(value: string | readonly string[]): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return nodeCrypto().createHash("sha256").update(text).digest("base64url");
}
