/** What the official clients answer when a server asks: one set of answers for both SDKs. */
import { isWireObject, type WireObject } from "./wire-schema.js";

/** How a user, a model and a host answer; each gets the params of the server's request and returns its result. */
export interface Answers {
  readonly elicit: (params: WireObject) => WireObject | Promise<WireObject>;
  readonly sample: (params: WireObject) => WireObject | Promise<WireObject>;
  readonly roots: () => WireObject | Promise<WireObject>;
}

export const CAPABILITIES = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: { listChanged: true },
} as const;

/** A user who accepts every form with its defaults, a model that says what it was asked, a host with one root. */
export const ANSWERS: Answers = {
  elicit: ({ requestedSchema }) => {
    return isWireObject(requestedSchema) ? { action: "accept", content: fill(requestedSchema) } : { action: "accept" };
  },
  sample: ({ messages }) => ({
    role: "assistant",
    content: { type: "text", text: `sampled: ${lastText(messages)}` },
    model: "test-model",
    stopReason: "endTurn",
  }),
  roots: () => ({ roots: [{ uri: "file:///test/root", name: "root" }] }),
};

/** Content that fits a form: its defaults, else the smallest value of each type. */
export function fill(schema: WireObject): WireObject {
  const properties = Object.entries(isWireObject(schema.properties) ? schema.properties : {});
  return Object.fromEntries(
    properties.map(([name, property]) => [name, fillOne(isWireObject(property) ? property : {})]),
  );
}

function fillOne(property: WireObject): unknown {
  if ("default" in property) return property.default;
  const choices = [property.enum, property.oneOf, property.anyOf].find(Array.isArray);
  if (choices !== undefined) return isWireObject(choices[0]) ? choices[0].const : choices[0];
  if (property.type === "boolean") return true;
  if (property.type === "integer" || property.type === "number") return Number(property.minimum ?? 1);
  if (property.type === "array") return [fillOne(isWireObject(property.items) ? property.items : {})];
  const byFormat: Record<string, string> = {
    email: "alice@example.com",
    uri: "https://example.com/",
    date: "2026-07-28",
    "date-time": "2026-07-28T00:00:00Z",
  };
  return byFormat[String(property.format)] ?? "Alice".padEnd(Number(property.minLength ?? 0), "x");
}

function lastText(messages: unknown): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const content = isWireObject(last) ? last.content : undefined;
  const block: unknown = Array.isArray(content) ? content[0] : content;
  return isWireObject(block) ? String(block.text) : "";
}
