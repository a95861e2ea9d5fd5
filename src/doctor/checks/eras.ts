/** What a client of each revision is answered when it comes. */
import { MODERN, OLDEST, revisionOf } from "../../protocol/revisions/index.js";
import { fault, note, sound } from "../findings.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";

export async function* checkEras(patient: Patient): AsyncIterable<Finding> {
  const session = await patient.session();
  const modern = await patient.isModern();
  const sse = await hasSse(patient);
  const { status } = await patient.initialized();
  if (status === 401 || status === 403) {
    return yield note(
      "eras",
      "credentials-needed",
      `the server answers ${status}: give credentials to examine the rest`,
    );
  }
  if (session !== undefined) {
    const revision = revisionOf(session.version)?.version;
    const kept = session.id === undefined ? "without sessions" : "with a session";
    yield sound("eras", "initialize", `initialize agrees on ${session.version}, ${kept}`, revision);
  }
  if (modern) yield sound("eras", "discover", "server/discover is answered", MODERN.version);
  else yield note("eras", "no-modern", "2026-07-28 is not served; its clients fall back to initialize");
  if (sse) yield sound("eras", "sse", "GET /sse opens a stream", OLDEST.version);
  else yield note("eras", "no-sse", "HTTP+SSE is not served at /sse");
  if (session === undefined && !modern && !sse) {
    const { text } = await patient.initialized();
    yield fault("no-mcp", `initialize is answered with ${status} ${JSON.stringify(text.slice(0, 80))}`);
  }
}

/** Whether its events are held back is for the check `streams`: a head, or silence instead of a refusal, is enough. */
async function hasSse(patient: Patient): Promise<boolean> {
  const { base, firstEventMs } = patient.examination;
  const stream = patient.watch(`${base}/sse`, { headers: { accept: "text/event-stream" } });
  await stream.change(firstEventMs);
  const { head, ended } = stream;
  stream.close();
  if (head === undefined) return ended === undefined;
  return head.status === 200 && (head.header("content-type") ?? "").startsWith("text/event-stream");
}
