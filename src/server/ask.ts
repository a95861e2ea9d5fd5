/** Questions to the client: one code path for handlers, two ways on the wire (server request, or `input_required`). */

import { HoldfastError, MissingClientCapabilityError } from "../errors.js";
import type { CreateMessageParams, CreateMessageResult, ElicitResult, Root } from "../protocol/types.js";
import { nodeCrypto } from "../util/crypto.js";
import { isObject, type JsonObject, ownObject, pick } from "../util/json.js";
import { chain, type MaybePromise } from "../util/maybe-promise.js";
import type { Call } from "./call.js";
import type { InputRequest } from "./journal.js";
import { type CompiledSchema, compileSchema, type SchemaInput } from "./schema/index.js";
import type { TelemetryQuestion } from "./telemetry.js";
import type { FormElicitation, UrlElicitation } from "./types.js";

/** Says whether an answer is what was asked for. */
type Accept = (answer: unknown) => MaybePromise<boolean>;

/** `ctx.elicit`. */
export async function askElicitation(
  call: Call,
  request: FormElicitation<SchemaInput> | UrlElicitation,
): Promise<ElicitResult> {
  const { elicitation } = call.peer.client.capabilities;
  const rules = call.peer.revision.elicitation;
  if (request.mode === "url") {
    if (!rules.url || !isObject(elicitation?.url)) {
      throw new MissingClientCapabilityError("elicitation by URL", { elicitation: { url: {} } });
    }
    const { message, url } = request;
    const id = rules.elicitationId ? { elicitationId: nodeCrypto().randomUUID() } : {};
    const ask = { method: "elicitation/create", params: { mode: "url", message, url, ...id } };
    return (await answerTo(call, request.key ?? "elicitation", ask, isElicitResult)) as ElicitResult;
  }
  // `elicitation: {}` means forms (2025-11-25, elicitation, "Capabilities").
  const forms = isObject(elicitation) && (isObject(elicitation.form) || !isObject(elicitation.url));
  if (!rules.form || !forms) throw new MissingClientCapabilityError("elicitation", { elicitation: {} });
  return askForm(call, request);
}

async function askForm(call: Call, request: FormElicitation<SchemaInput>): Promise<ElicitResult> {
  const schema = formSchema(request.requestedSchema);
  // 2025-06-18 has no modes; its schema and later ones take a form for granted.
  const params = { message: request.message, requestedSchema: pick(schema.jsonSchema, FORM_KEYS) };
  const ask = { method: "elicitation/create", params };
  const accept: Accept = (answer) => isElicitResult(answer) && (answer.action !== "accept" || fits(schema, answer));
  const answer = (await answerTo(call, request.key ?? "elicitation", ask, accept)) as ElicitResult;
  if (answer.action !== "accept") return { action: answer.action };
  // Again, for what the schema makes of the answer: defaults, transformations.
  const checked = await schema.validate(answer.content ?? {});
  return { action: "accept", content: (checked.ok ? checked.value : answer.content) as Record<string, unknown> };
}

/** What a requested schema may say at its root (2026-07-28, elicitation, "Requested Schema"). */
const FORM_KEYS = ["$schema", "type", "properties", "required"];

/** Authors write forms inline, so the object is often new on every call; the same one is compiled once. */
const FORMS = new WeakMap<object, CompiledSchema>();

function formSchema(source: SchemaInput): CompiledSchema {
  let schema = FORMS.get(source as object);
  if (schema === undefined) {
    schema = compileSchema(source, "input");
    FORMS.set(source as object, schema);
  }
  return schema;
}

function fits(schema: CompiledSchema, answer: ElicitResult): MaybePromise<boolean> {
  return chain(schema.validate(answer.content ?? {}), (checked) => checked.ok);
}

/** `ctx.sample`. */
export async function askSample(
  call: Call,
  request: CreateMessageParams & { readonly key?: string },
): Promise<CreateMessageResult> {
  const { sampling } = call.peer.client.capabilities;
  if (!isObject(sampling)) throw new MissingClientCapabilityError("sampling", { sampling: {} });
  const { key, ...params } = request;
  const wantsTools = params.tools !== undefined || params.toolChoice !== undefined;
  if (wantsTools && !(call.peer.revision.samplingTools && isObject(sampling.tools))) {
    throw new MissingClientCapabilityError("tools in sampling", { sampling: { tools: {} } });
  }
  const ask = { method: "sampling/createMessage", params };
  return (await answerTo(call, key ?? "sampling", ask, isSampleResult)) as CreateMessageResult;
}

/** `ctx.roots`. */
export async function askRoots(call: Call, key: string | undefined): Promise<readonly Root[]> {
  if (!isObject(call.peer.client.capabilities.roots)) throw new MissingClientCapabilityError("roots", { roots: {} });
  const answer = await answerTo(call, key ?? "roots", { method: "roots/list" }, isRootsResult);
  return (answer as { roots: readonly Root[] }).roots;
}

const DEFAULT_KEYS = new Set(["elicitation", "sampling", "roots"]);

async function answerTo(call: Call, name: string, request: InputRequest, accept: Accept): Promise<unknown> {
  const { journal, peer } = call;
  const key = DEFAULT_KEYS.has(name) ? journal.nextKey(name) : name;
  const recorded = journal.recorded(key);
  if (recorded !== undefined) return recorded;
  if (peer.revision.era === "legacy") {
    const answer = await askSession(call, request, accept);
    await journal.record(key, answer);
    return answer;
  }
  const offered = journal.offered(key);
  // An answer that is not usable is asked for again (2026-07-28, MRTR, "Error Handling").
  if (offered !== undefined && (await accept(offered))) {
    await journal.record(key, offered);
    return offered;
  }
  const { task } = call;
  if (task === undefined) return journal.ask(key, request);
  const given = await task.answered(key, accept);
  if ("wireKey" in given) return journal.ask(given.wireKey, request);
  await journal.record(key, given.answer);
  return given.answer;
}

async function askSession(call: Call, request: InputRequest, accept: Accept): Promise<JsonObject> {
  const { session } = call.peer;
  // Without a session an answer could not find its way back (and no capability was declared either).
  if (session === undefined) throw new HoldfastError("ERR_CLIENT_GONE", "The client keeps no session to ask it in.");
  // A client that takes JSON alone can still be asked on the stream it listens on.
  const send = call.exchange.mute ? session.push : (message: string) => call.exchange.notify(message);
  if (send === undefined) throw new HoldfastError("ERR_CLIENT_GONE", "The client accepts no stream to ask it on.");
  const { method } = request;
  const question = call.record?.ask(method);
  const timeoutMs = call.app.limits.clientRequestTimeoutMs;
  const params = question === undefined ? request.params : withMeta(request.params, question.meta);
  const named = question?.named?.bind(question);
  const asked = session.ask({ method, params, send, named, signal: call.signal, timeoutMs });
  const answer = await (question === undefined ? asked : answered(asked, question));
  if (!(await accept(answer))) {
    throw new HoldfastError(
      "ERR_CLIENT_REPLY",
      `The client's answer to ${request.method} does not fit what was asked.`,
    );
  }
  return answer;
}

/** What is asked, with what telemetry adds: the author's own members stay. */
function withMeta(params: object | undefined, meta: JsonObject): object {
  return { ...params, _meta: { ...meta, ...ownObject(params as JsonObject | undefined, "_meta") } };
}

async function answered(asked: Promise<JsonObject>, question: TelemetryQuestion): Promise<JsonObject> {
  try {
    const answer = await asked;
    question.ended();
    return answer;
  } catch (error) {
    question.ended(error instanceof Error ? error : new Error("no answer"));
    throw error;
  }
}

function isElicitResult(answer: unknown): answer is ElicitResult {
  if (!isObject(answer)) return false;
  const { action, content } = answer;
  if (action !== "accept" && action !== "decline" && action !== "cancel") return false;
  return content === undefined || content === null || isObject(content);
}

function isSampleResult(answer: unknown): boolean {
  return isObject(answer) && typeof answer.role === "string" && answer.content !== undefined;
}

function isRootsResult(answer: unknown): boolean {
  return isObject(answer) && Array.isArray(answer.roots) && answer.roots.every((root) => isObject(root));
}
