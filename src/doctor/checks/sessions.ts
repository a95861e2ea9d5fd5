/** Whether a session and its streams are found again on another connection. */
import { HEADER } from "../../protocol/headers.js";
import { fault, note, sound } from "../findings.js";
import { post, request, sessionHeaders } from "../messages.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";

/** Connections that are tried: with two processes in turn, one of six meets the wrong one for certain. */
const CONNECTIONS = 6;
const LOST = 404;

export async function* checkSessions(patient: Patient): AsyncIterable<Finding> {
  const session = await patient.session();
  if (session?.id === undefined) return;
  const headers = sessionHeaders(session.id);
  const pings = Array.from({ length: CONNECTIONS }, () => patient.ask(patient.url, post(request("ping"), headers)));
  const lost = (await Promise.all(pings)).filter(({ status }) => status === LOST).length;
  if (lost > 0) yield fault("session-lost", `${lost} of ${CONNECTIONS} requests of one session are answered with 404`);
  else yield sound("sessions", "session", `${CONNECTIONS} connections find the session`);
  yield* checkResume(patient, headers);
}

async function* checkResume(patient: Patient, headers: Readonly<Record<string, string>>): AsyncIterable<Finding> {
  const { firstEventMs } = patient.examination;
  const standing = { ...headers, accept: "text/event-stream" };
  const id = await firstId(patient, standing);
  if (id === undefined) {
    return yield note(
      "sessions",
      "resume-untried",
      `no event with an id came in ${firstEventMs} ms, so nothing can be resumed`,
    );
  }
  const again = patient.watch(patient.url, { headers: { ...standing, [HEADER.lastEventId]: id } });
  await again.change(patient.examination.answerMs);
  const { head } = again;
  again.close();
  if (head?.status === 200) yield sound("sessions", "resume", "a stream goes on where it was broken off");
  else yield fault("resume-lost", `Last-Event-ID is answered with ${head?.status ?? "nothing"}`);
}

/** What a standing stream begins with, so that it can be resumed (2025-11-25, transports, "Listening for Messages"). */
async function firstId(patient: Patient, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { firstEventMs } = patient.examination;
  const stream = patient.watch(patient.url, { headers });
  const until = performance.now() + firstEventMs;
  while (stream.events.length === 0 && stream.ended === undefined && performance.now() < until) {
    await stream.change(until - performance.now());
  }
  stream.close();
  return stream.events[0]?.id || undefined;
}
