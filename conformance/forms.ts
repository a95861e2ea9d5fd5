/** Forms as plain JSON Schema, because the suite looks at the very keywords. */

/** Every primitive with a default (SEP-1034). */
export const defaultsForm = {
  type: "object",
  properties: {
    name: { type: "string", description: "A name", default: "John Doe" },
    age: { type: "integer", description: "An age", default: 30 },
    score: { type: "number", description: "A score", default: 95.5 },
    status: { type: "string", description: "A state", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", description: "Whether it was checked", default: true },
  },
  required: [],
} as const;

const values = ["option1", "option2", "option3"] as const;
const titled = values.map((value, index) => ({ const: value, title: `Option ${index + 1}` }));

/** Every form of a choice (SEP-1330). */
export const enumsForm = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", description: "One", enum: [...values] },
    titledSingle: { type: "string", description: "One, with titles", oneOf: titled },
    legacyEnum: {
      type: "string",
      description: "One, with titles as 2025-06-18 had them",
      enum: [...values],
      enumNames: titled.map(({ title }) => title),
    },
    untitledMulti: { type: "array", description: "Some", items: { type: "string", enum: [...values] } },
    titledMulti: { type: "array", description: "Some, with titles", items: { anyOf: titled } },
  },
  required: [],
} as const;
