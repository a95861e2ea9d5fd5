/** What clients of each revision say first. */
import { MODERN, PROTOCOL_VERSIONS, type ProtocolVersion } from "../../../protocol/revisions/index.js";
import { ownObject, ownString } from "../../../util/json.js";
import { initialize } from "../../messages.js";
import { Conversation, inWords } from "../conversation.js";
import { localFault, localNote, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import type { LocalFinding } from "../types.js";

/** A date that is far away, as a client of a later revision would name it. */
const FUTURE = "2099-01-01";
const LEGACY = PROTOCOL_VERSIONS.filter((one) => one !== MODERN.version);

export async function* checkEras(patient: LocalPatient): AsyncIterable<LocalFinding> {
  if (patient.era === "modern")
    yield localNote("eras", "modern-only", `speaks ${MODERN.version} alone: older clients cannot use it`);
  else {
    for (const version of LEGACY) yield await fresh(patient, (one) => greeted(one, version));
    yield await fresh(patient, future);
    yield await fresh(patient, early);
  }
  yield await fresh(patient, discover);
}

/** In a process of its own: what is said first is what counts. */
async function fresh(
  patient: LocalPatient,
  look: (conversation: Conversation, patient: LocalPatient) => Promise<LocalFinding>,
): Promise<LocalFinding> {
  const conversation = new Conversation(patient.start(), patient);
  const finding = await look(conversation, patient);
  await patient.end(conversation.started);
  return finding;
}

async function greeted(conversation: Conversation, revision: ProtocolVersion): Promise<LocalFinding> {
  const answer = await initialized(conversation, revision);
  const offered = ownString(answer && ownObject(answer, "result"), "protocolVersion");
  if (offered === undefined) {
    return localFault("version-refused", `initialize with ${revision}: ${inWords(answer)}`, { revision });
  }
  if (!LEGACY.some((one) => one === offered)) {
    return localFault("version-unknown", `initialize with ${revision} is answered with ${offered}`, { revision });
  }
  return localSound("eras", "greeted", `initialize with ${revision}: ${offered}`);
}

async function future(conversation: Conversation): Promise<LocalFinding> {
  const answer = await initialized(conversation, FUTURE);
  const offered = ownString(answer && ownObject(answer, "result"), "protocolVersion");
  if (offered === FUTURE) return localFault("version-echoed", `initialize with ${FUTURE} is answered with ${FUTURE}`);
  if (offered === undefined) return localFault("version-refused", `initialize with ${FUTURE}: ${inWords(answer)}`);
  return localSound("eras", "future", `a later revision is answered with ${offered}`);
}

async function early(conversation: Conversation): Promise<LocalFinding> {
  const answer = await conversation.ask("tools/list");
  if (answer !== undefined)
    return localSound("eras", "early-request", `a request before initialize: ${inWords(answer)}`);
  const { ended } = conversation.server;
  if (ended !== undefined)
    return localFault("early-request-fatal", `tools/list first: it ended with ${ended.signal ?? ended.code}`);
  return localFault("early-request-unanswered", "tools/list first: no answer");
}

async function discover(conversation: Conversation): Promise<LocalFinding> {
  const answer = await conversation.ask("server/discover");
  const { ended } = conversation.server;
  if (answer === undefined && ended !== undefined) {
    return localFault("discover-fatal", `it ended with ${ended.signal ?? ended.code}`, {
      revision: MODERN.version as ProtocolVersion,
    });
  }
  if (answer === undefined)
    return localFault("discover-unanswered", "no answer to server/discover", {
      revision: MODERN.version as ProtocolVersion,
    });
  const result = ownObject(answer, "result");
  if (result === undefined)
    return localSound("eras", "discover", `no ${MODERN.version}; server/discover: ${inWords(answer)}`);
  return localSound("eras", "discover", `server/discover offers ${String(result.supportedVersions)}`);
}

function initialized(conversation: Conversation, revision: string) {
  const { params } = initialize(revision) as { params: Record<string, unknown> };
  return conversation.ask("initialize", params);
}
