import { META } from "../protocol/headers.js";
import { type JsonObject, ownObject } from "../util/json.js";
import { jsonText } from "../util/json-text.js";
import type { App } from "./app.js";
import type { Call } from "./call.js";
import { Prepared } from "./prepared.js";

/** What 2026-07-28 adds to every result, as the opening of its JSON text; made once per server. */
const ENVELOPES = new WeakMap<App, { readonly complete: string; readonly serverInfo: object }>();

function envelopeOf(app: App, call: Call): { readonly complete: string; readonly serverInfo: object } {
  let envelope = ENVELOPES.get(app);
  if (envelope === undefined) {
    const serverInfo = call.peer.revision.implementation(app.info);
    const meta = jsonText({ [META.serverInfo]: serverInfo });
    envelope = { complete: `{"resultType":"complete","_meta":${meta}`, serverInfo };
    ENVELOPES.set(app, envelope);
  }
  return envelope;
}

/** JSON text of a result in the revision of the caller; serialised once. */
export function encodeResult(call: Call, result: object): string {
  const prepared = result instanceof Prepared;
  if (call.peer.revision.era === "legacy") return prepared ? result.json : jsonText(result);
  const envelope = envelopeOf(call.app, call);
  if (!prepared && ("_meta" in result || "resultType" in result)) return encodeMerged(result, envelope.serverInfo);
  const text = prepared ? result.json : jsonText(result);
  return text === "{}" ? `${envelope.complete}}` : `${envelope.complete},${text.slice(1)}`;
}

function encodeMerged(result: object, serverInfo: object): string {
  const { _meta, ...rest } = result as JsonObject;
  const meta = { [META.serverInfo]: serverInfo, ...ownObject(result as JsonObject, "_meta") };
  return jsonText({ resultType: "complete", _meta: meta, ...rest });
}
