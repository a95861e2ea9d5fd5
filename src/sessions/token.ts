import { revisionOf } from "../protocol/revisions/index.js";
import type { Revision } from "../protocol/revisions/types.js";
import type { ClientCapabilities, Implementation } from "../protocol/types.js";
import { isObject, type JsonObject, ownObject, ownString } from "../util/json.js";
import type { Sealer } from "./sealer.js";

/** Everything a session id says, sealed: any node that has the key serves it, and an abandoned one costs no memory. */
export interface SessionFacts {
  /** Names the session in revocations, streams and state; random. */
  readonly sid: string;
  readonly revision: Revision;
  readonly clientInfo: Implementation | undefined;
  readonly capabilities: ClientCapabilities;
  readonly issuedAt: number;
}

/** A header that carries the id must stay far below the 16 KiB that Node and proxies allow for all headers. */
const MAX_CAPABILITIES_JSON = 2048;
const MAX_INFO_TEXT = 128;

/** Seals the facts into a session id bound to its principal and route. Visible ASCII, as the specification demands. */
export function sealSession(sealer: Sealer, facts: SessionFacts, bound: string): string {
  const { clientInfo } = facts;
  const plain: Record<string, unknown> = { s: facts.sid, v: facts.revision.version, t: facts.issuedAt };
  if (clientInfo !== undefined) {
    plain.n = clientInfo.name.slice(0, MAX_INFO_TEXT);
    plain.w = clientInfo.version.slice(0, MAX_INFO_TEXT);
  }
  const capabilities = boundedCapabilities(facts.capabilities);
  // The capabilities are text already, from being measured: nothing is written twice.
  return sealer.seal(`${JSON.stringify(plain).slice(0, -1)},"c":${capabilities}}`, bound);
}

/** Opens a session id; undefined for anything that was not sealed by us for this principal and route. */
export function openSession(sealer: Sealer, token: string, bound: string): SessionFacts | undefined {
  const plain = sealer.open(token, bound);
  if (plain === undefined) return undefined;
  const value: unknown = JSON.parse(plain);
  if (!isObject(value)) return undefined;
  const sid = ownString(value, "s");
  const revision = revisionOf(ownString(value, "v") ?? "");
  if (sid === undefined || revision === undefined || typeof value.t !== "number") return undefined;
  const capabilities = (ownObject(value, "c") ?? {}) as ClientCapabilities;
  return { sid, revision, clientInfo: openInfo(value), capabilities, issuedAt: value.t };
}

function openInfo(value: JsonObject): Implementation | undefined {
  const name = ownString(value, "n");
  const version = ownString(value, "w");
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** What the server acts on always fits; extensions and experiments are dropped when they would make the id too long. */
function boundedCapabilities(capabilities: ClientCapabilities): string {
  const text = JSON.stringify(capabilities);
  if (text.length <= MAX_CAPABILITIES_JSON) return text;
  const { roots, sampling, elicitation } = capabilities;
  return JSON.stringify({
    ...(roots && { roots: { listChanged: roots.listChanged === true } }),
    ...(sampling && { sampling: { ...(sampling.tools && { tools: {} }), ...(sampling.context && { context: {} }) } }),
    ...(elicitation && {
      elicitation: { ...(elicitation.form && { form: {} }), ...(elicitation.url && { url: {} }) },
    }),
  });
}
