/** What the client of a test answers when the server asks it something. */
import type { ClientCapabilities, CreateMessageParams } from "../protocol/types.js";
import type { JsonObject } from "../util/json.js";
import type { ConnectOptions, ElicitRequestParams } from "./options.js";

/** What a client with these handlers can do. */
export function capabilitiesOf({ onElicit, onSample, onRoots, capabilities }: ConnectOptions): ClientCapabilities {
  return {
    ...(onElicit && { elicitation: {} }),
    ...(onSample && { sampling: {} }),
    ...(onRoots && { roots: {} }),
    ...capabilities,
  };
}

/** The answers to `inputRequests` of 2026-07-28, one after the other, by the same keys. */
export async function answerAll(
  options: ConnectOptions,
  requests: Readonly<Record<string, JsonObject>>,
): Promise<JsonObject> {
  const answers: [string, unknown][] = [];
  for (const [key, request] of Object.entries(requests)) {
    answers.push([key, await answer(options, String(request.method), (request.params ?? {}) as JsonObject)]);
  }
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(answers) as JsonObject;
}

/** The answer to one question; throws when there is no handler for it. */
export async function answer(options: ConnectOptions, method: string, params: JsonObject): Promise<unknown> {
  const { onElicit, onSample, onRoots } = options;
  if (method === "elicitation/create" && onElicit) return onElicit(params as ElicitRequestParams);
  if (method === "sampling/createMessage" && onSample) return onSample(params as unknown as CreateMessageParams);
  if (method === "roots/list" && onRoots) return { roots: await onRoots() };
  throw new Error(`the test client has no handler for ${method}`);
}
