/**
 * Event streams of every revision: whether events leave when they are made, uncompressed, and whether silence is borne.
 * Each stream begins with an event that the server makes at once (the endpoint, a priming event, an acknowledgement), so
 * no tool needs to be called.
 */
import { LATEST_LEGACY, MODERN, OLDEST, type ProtocolVersion } from "../../protocol/revisions/index.js";
import { fault, note, sound } from "../findings.js";
import { modern, post, request, sessionHeaders } from "../messages.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";
import type { Asked, Watched } from "../wire.js";

/** Servers and load balancers assume that something is said at least so often. */
const KEEP_ALIVE_EXPECTED_MS = 30_000;
/** A call whose first event comes in the last fifth of its time was held back. */
const HELD_BACK_SHARE = 0.8;
const EVENT_STREAM = { accept: "text/event-stream" };

interface Subject {
  readonly revision: ProtocolVersion;
  readonly what: string;
  readonly url: string | URL;
  readonly asked: Asked;
}

export async function* checkStreams(patient: Patient): AsyncIterable<Finding> {
  const all = (await subjects(patient)).map((subject) => examineStream(patient, subject));
  for (const findings of all) yield* await findings;
  if (patient.examination.tool !== undefined) yield* checkProgress(patient);
}

async function subjects(patient: Patient): Promise<readonly Subject[]> {
  const { examination, url } = patient;
  const found: Subject[] = [
    { revision: OLDEST.version, what: "GET /sse", url: `${examination.base}/sse`, asked: { headers: EVENT_STREAM } },
  ];
  const session = await patient.session();
  if (session?.id !== undefined) {
    const headers = { ...EVENT_STREAM, ...sessionHeaders(session.id) };
    found.push({ revision: LATEST_LEGACY.version, what: "the standing stream", url, asked: { headers } });
  }
  if (await patient.isModern()) {
    const asked = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
    found.push({ revision: MODERN.version, what: "subscriptions/listen", url, asked });
  }
  return found;
}

async function examineStream(patient: Patient, subject: Subject): Promise<readonly Finding[]> {
  const { idleMs, firstEventMs } = patient.examination;
  const { url, asked } = subject;
  const stream = patient.watch(url, asked);
  const compressible = patient.watch(url, { ...asked, headers: { ...asked.headers, "accept-encoding": "gzip, br" } });
  try {
    await waitFor(stream, firstEventMs, () => stream.events.length > 0 || isRefused(stream));
    if (isRefused(stream)) return [];
    const held = stream.events.length === 0;
    await waitFor(stream, idleMs, () => stream.comments > 0);
    await waitFor(compressible, held ? idleMs : firstEventMs, () => compressible.head !== undefined);
    return [
      judgeBuffering(subject, stream, firstEventMs),
      ...judgeCompression(subject, compressible),
      ...judgeSilence(subject, stream, idleMs),
    ];
  } finally {
    stream.close();
    compressible.close();
  }
}

/** Until it holds, the stream has ended, or so much time has gone by since the stream was opened. */
async function waitFor(stream: Watched, ms: number, holds: () => boolean): Promise<void> {
  while (!holds() && stream.ended === undefined && stream.elapsedMs() < ms)
    await stream.change(ms - stream.elapsedMs());
}

/** No stream: this revision is not served here, which the check `eras` tells. */
function isRefused({ head, ended }: Watched): boolean {
  if (head === undefined) return ended !== undefined;
  return head.status !== 200 || !(head.header("content-type") ?? "").startsWith("text/event-stream");
}

function judgeBuffering({ what, revision }: Subject, stream: Watched, withinMs: number): Finding {
  const first = stream.firstEventMs;
  if (first !== undefined && first <= withinMs) {
    return sound(
      "streams",
      "stream-first-event",
      `${what}: the first event came after ${Math.round(first)} ms`,
      revision,
    );
  }
  const when =
    first === undefined ? "never came" : `came after ${Math.round(first)} ms, with the end of the connection`;
  return fault("stream-buffered", `${what}: the first event, made at once, ${when}`, { revision });
}

function judgeCompression({ what, revision }: Subject, { head }: Watched): readonly Finding[] {
  const encoding = head?.header("content-encoding");
  if (head === undefined || encoding === "identity") return [];
  if (encoding === undefined) return [sound("streams", "stream-plain", `${what}: not compressed`, revision)];
  return [fault("stream-compressed", `${what}: content-encoding ${encoding} on text/event-stream`, { revision })];
}

function judgeSilence({ what, revision }: Subject, stream: Watched, idleMs: number): readonly Finding[] {
  const { ended, lastByteMs = 0, comments } = stream;
  if (ended !== undefined) {
    // What was held back arrives with the end; then nothing was heard from the beginning on.
    const silent = Math.round(ended.afterMs - (lastByteMs < ended.afterMs - 1 ? lastByteMs : 0));
    return [fault("stream-idle-cutoff", `${what}: ended (${ended.how}) after ${silent} ms of silence`, { revision })];
  }
  if (comments > 0) return [sound("streams", "keep-alive", `${what}: a keep-alive comment came`, revision)];
  const seen = `${what}: stayed open, and silent, for ${idleMs} ms`;
  // With a shorter look than a keep-alive needs, silence means nothing.
  if (idleMs < KEEP_ALIVE_EXPECTED_MS) return [sound("streams", "silence", seen, revision)];
  return [fault("stream-quiet", seen, { revision })];
}

/** The answer to a POST that reports progress. */
async function* checkProgress(patient: Patient): AsyncIterable<Finding> {
  const { tool, idleMs, firstEventMs } = patient.examination;
  const session = await patient.session();
  const params = { name: tool?.name, arguments: tool?.arguments ?? {}, _meta: { progressToken: "doctor" } };
  const asked =
    session === undefined
      ? modern("tools/call", params)
      : post(request("tools/call", params), sessionHeaders(session.id));
  const stream = patient.watch(patient.url, asked);
  await waitFor(stream, Math.max(idleMs, patient.examination.answerMs), () => false);
  stream.close();
  const revision = session === undefined ? MODERN.version : LATEST_LEGACY.version;
  const what = `tool ${tool?.name}`;
  const type = stream.head?.header("content-type") ?? "nothing";
  if (!type.startsWith("text/event-stream") || stream.firstEventMs === undefined) {
    return yield note("streams", "progress-untried", `${what} was answered with ${type}: it reports no progress`);
  }
  const total = stream.ended?.afterMs ?? stream.elapsedMs();
  const seen = `${what}: the first event came after ${Math.round(stream.firstEventMs)} of ${Math.round(total)} ms`;
  if (total > firstEventMs && stream.firstEventMs > total * HELD_BACK_SHARE) {
    yield fault("progress-buffered", seen, { revision });
  } else yield sound("streams", "progress", seen, revision);
}
