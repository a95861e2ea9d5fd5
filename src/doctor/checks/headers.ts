/** Headers on their way to the server and back, and the version of HTTP they come with. */
import { HEADER } from "../../protocol/headers.js";
import { LATEST_LEGACY } from "../../protocol/revisions/index.js";
import { fault, headerFault, note, replyHeaderFault, sound } from "../findings.js";
import { post, request, sessionHeaders } from "../messages.js";
import type { Patient } from "../patient.js";
import { type Arrived, whatArrives } from "../seen.js";
import type { Finding } from "../types.js";

/** Sent to see whether they arrive; the values mean nothing. */
const PROBES: Readonly<Record<string, string>> = {
  [HEADER.sessionId]: "doctor-session",
  [HEADER.protocolVersion]: LATEST_LEGACY.version,
  [HEADER.method]: "ping",
  [HEADER.name]: "doctor",
  [HEADER.lastEventId]: "doctor_1",
  accept: "application/json, text/event-stream",
};
const AUTHORIZATION = "authorization";

export async function* checkHeaders(patient: Patient): AsyncIterable<Finding> {
  const { headers } = patient.examination;
  const credentials = { [AUTHORIZATION]: headers[AUTHORIZATION] ?? "Bearer holdfast-doctor" };
  const arrived = await whatArrives(patient, { ...PROBES, ...credentials });
  if (arrived === undefined) {
    yield note(
      "headers",
      "seen-unavailable",
      "/health?seen is not there, so the version of HTTP upstream stays unknown",
    );
    yield* probeByBehaviour(patient);
  } else yield* judgeArrived(arrived, { ...PROBES, [AUTHORIZATION]: credentials[AUTHORIZATION]?.split(" ")[0] ?? "" });
  yield* checkReply(patient);
}

function* judgeArrived(arrived: Arrived, sent: Readonly<Record<string, string>>): Iterable<Finding> {
  let faults = 0;
  for (const [name, value] of Object.entries(sent)) {
    const got = arrived.header(name);
    const found =
      got === undefined
        ? headerFault("header-dropped", name, `${name} does not arrive`)
        : (got.times ?? 1) > 1
          ? headerFault("header-duplicated", name, `${name} arrives ${got.times} times: ${JSON.stringify(got.value)}`)
          : got.value === value
            ? undefined
            : headerFault("header-altered", name, `${name} arrives as ${JSON.stringify(got.value)}`);
    if (found === undefined) continue;
    faults += 1;
    yield found;
  }
  if (faults === 0) yield sound("headers", "headers", "every header of the protocol arrives once and as it was sent");
  const { httpVersion } = arrived;
  if (httpVersion === "1.0") yield fault("http10-upstream", "requests reach the server as HTTP/1.0");
  else if (httpVersion !== undefined)
    yield sound("headers", "http-version", `requests reach the server as HTTP/${httpVersion}`);
}

/** For servers that do not tell what arrives: values that must be refused, if they are seen at all. */
async function* probeByBehaviour(patient: Patient): AsyncIterable<Finding> {
  const session = await patient.session();
  if (session === undefined) return;
  const ping = request("ping");
  if (session.id !== undefined) {
    const wrong = await patient.ask(patient.url, post(ping, sessionHeaders("doctor-no-such-session")));
    if (wrong.status === 200) {
      yield headerFault("header-dropped", HEADER.sessionId, "a session id that does not exist is served");
    }
  }
  const headers = { ...sessionHeaders(session.id), [HEADER.protocolVersion]: "1999-01-01" };
  const { status } = await patient.ask(patient.url, post(ping, headers));
  if (status === 200)
    yield headerFault("header-dropped", HEADER.protocolVersion, "a version that does not exist is served");
}

/** The session id on its way back. */
async function* checkReply(patient: Patient): AsyncIterable<Finding> {
  const session = await patient.session();
  if (session === undefined) return;
  const times = session.answer.times(HEADER.sessionId);
  if (times === 1) return yield sound("headers", "reply-headers", "Mcp-Session-Id comes back once");
  if (times > 1) return yield replyHeaderFault(HEADER.sessionId, times);
  // A server may do without sessions; one that refuses GET for want of an id has them.
  const { text, status } = await patient.ask(patient.url, { headers: { accept: "text/event-stream" } });
  if (status === 405 && /mcp-session-id/i.test(text)) yield replyHeaderFault(HEADER.sessionId, 0);
  else yield note("headers", "no-session", "the server gives no session id");
}
