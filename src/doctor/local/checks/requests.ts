/** Requests and notifications that every server has to take, one after the other in a process that is used. */
import { setTimeout as pause } from "node:timers/promises";
import { type JsonObject, ownObject } from "../../../util/json.js";
import { type Conversation, type Id, inWords } from "../conversation.js";
import type { OutputFault } from "../faults/output.js";
import { localFault, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import type { LocalFinding } from "../types.js";

type Step = (conversation: Conversation) => Promise<LocalFinding>;

const LARGE_BYTES = 1_048_576;
/** Two writes must arrive in two reads. */
const SPLIT_PAUSE_MS = 50;
const IDS: readonly Id[] = ["a-text", 0, Number.MAX_SAFE_INTEGER];

export async function* checkRequests(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const found = new Set<string>();
  let conversation: Conversation | undefined;
  const steps = patient.era === "modern" ? STEPS : [ping, ...STEPS];
  for (const step of steps) {
    // Where half a line was lost, so is a long one.
    if (step === large && found.has("split-lost")) continue;
    conversation ??= await patient.open();
    if (conversation === undefined) break;
    const finding = await step(conversation);
    found.add(finding.id);
    if (finding.id === "ping-unanswered") patient.pokeWith = "tools/list";
    yield finding;
    // What one step has done to it must not be taken for the next one's doing.
    if (finding.severity !== "ok") {
      await patient.end(conversation.started);
      conversation = undefined;
    }
  }
  if (conversation !== undefined) await patient.end(conversation.started);
}

const ping: Step = async (conversation) => {
  const answer = await conversation.ask("ping");
  if (answer !== undefined && ownObject(answer, "result") !== undefined) return localSound("requests", "ping", "ping");
  const severity = answer === undefined ? "error" : "warning";
  return localFault("ping-unanswered", `ping: ${inWords(answer)}`, { severity });
};

const unknownMethod: Step = async (conversation) => {
  const method = "holdfast/doctor-unknown";
  const answer = await conversation.ask(method);
  if (answer === undefined) {
    const id = conversation.server.isOver ? "unknown-method-fatal" : "unknown-method-unanswered";
    return localFault(id, `${method}: ${howItIs(conversation)}`);
  }
  if (ownObject(answer, "error")?.code !== -32601)
    return localFault("unknown-method-code", `${method}: ${inWords(answer)}`);
  return localSound("requests", "unknown-method", "a method that it does not know: -32601");
};

const ids: Step = async (conversation) => {
  const { method, params } = conversation.harmless();
  for (const id of IDS) {
    const answer = await conversation.ask(method, params, { id });
    if (answer === undefined)
      return localFault("id-unanswered", `${method} with the id ${JSON.stringify(id)}: ${howItIs(conversation)}`);
  }
  return localSound("requests", "ids", `ids of every kind: ${IDS.map((id) => JSON.stringify(id)).join(", ")}`);
};

const unknownNotification: Step = async (conversation) => {
  const { server } = conversation;
  const before = server.messages.length;
  conversation.send({ jsonrpc: "2.0", method: "notifications/holdfast-doctor-unknown" });
  await pause(SPLIT_PAUSE_MS);
  const answer = await conversation.poke();
  if (answer === undefined) return localFault("unknown-notification-fatal", `after it: ${howItIs(conversation)}`);
  const isReply = ({ id, method }: JsonObject) => method === undefined && (id === null || id === undefined);
  const reply = server.messages.slice(before).find(isReply);
  if (reply === undefined)
    return localSound("requests", "unknown-notification", "a notification that it does not know is passed over");
  forgive(conversation, "message-id-null");
  return localFault("unknown-notification-answered", inWords(reply));
};

const brokenJson: Step = async (conversation) => {
  const { server } = conversation;
  const before = server.messages.length;
  server.write('{"jsonrpc": "2.0", "id": 7, "method":\n');
  await pause(SPLIT_PAUSE_MS);
  const answer = await conversation.poke();
  forgive(conversation, "message-id-null");
  if (answer === undefined) {
    const id = server.isOver ? "broken-json-fatal" : "broken-json-deaf";
    return localFault(id, `after a line of broken JSON: ${howItIs(conversation)}`);
  }
  const refused = server.messages.slice(before).some((one) => ownObject(one, "error")?.code === -32700);
  return localSound("requests", "broken-json", `broken JSON is ${refused ? "answered with -32700" : "passed over"}`);
};

const batched: Step = async (conversation) => {
  const { method, params } = conversation.harmless();
  const sent = [0, 1, 2].map(() => conversation.nextId());
  conversation.server.write(sent.map((id) => conversation.line(method, params, id)).join(""));
  const answers = await Promise.all(sent.map((id) => conversation.answerTo(id)));
  const lost = answers.filter((one) => one === undefined).length;
  if (lost > 0) return localFault("batched-lost", `of ${sent.length} requests in one write ${lost} were not answered`);
  return localSound("requests", "batched", `${sent.length} requests in one write`);
};

const split: Step = async (conversation) => {
  const id = conversation.nextId();
  const bytes = Buffer.from(conversation.line(conversation.harmless().method, { _meta: { text: "é" } }, id));
  // In the middle of a character.
  const cut = bytes.indexOf(Buffer.from("é")) + 1;
  conversation.server.write(bytes.subarray(0, cut));
  await pause(SPLIT_PAUSE_MS);
  conversation.server.write(bytes.subarray(cut));
  if ((await conversation.answerTo(id)) === undefined)
    return localFault("split-lost", `a request in two writes: ${howItIs(conversation)}`);
  return localSound("requests", "split", "a request in two writes");
};

const lineSeparator: Step = async (conversation) => {
  const answer = await conversation.ask(conversation.harmless().method, { _meta: { text: "a\u2028b\u2029c\u0085d" } });
  forgive(conversation, "message-id-null");
  if (answer === undefined)
    return localFault("line-separator", `a request with U+2028 in a text: ${howItIs(conversation)}`);
  return localSound("requests", "line-separator", "U+2028 in a text ends no line");
};

const large: Step = async (conversation) => {
  // No server has this tool, so that nothing happens.
  const params = { name: "holdfast-doctor-no-such-tool", arguments: { text: "é".repeat(LARGE_BYTES / 2) } };
  const answer = await conversation.ask("tools/call", params);
  if (answer === undefined) {
    const id = conversation.server.isOver ? "large-fatal" : "large-unanswered";
    return localFault(id, `a request of 1 MiB: ${howItIs(conversation)}`);
  }
  return localSound("requests", "large", "a request of 1 MiB");
};

const STEPS: readonly Step[] = [
  unknownMethod,
  ids,
  unknownNotification,
  brokenJson,
  batched,
  split,
  lineSeparator,
  large,
];

/** What was asked for here is answered without an id by rights. */
function forgive({ server }: Conversation, id: OutputFault): void {
  const { observations } = server.output;
  observations.splice(0, observations.length, ...observations.filter((one) => one.id !== id));
}

function howItIs({ server }: Conversation): string {
  if (server.ended === undefined) return "no answer, and it runs on";
  return `it ended with ${server.ended.signal ?? server.ended.code}`;
}
