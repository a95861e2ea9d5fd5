/** The tools of every server, free of any framework: name, description, schema and what to do. */
import { setTimeout as sleep } from "node:timers/promises";
import { spec } from "./support.mjs";

const text = { type: "string", description: "What to say" };
const count = { type: "integer", minimum: 0, description: "How many" };
const object = (properties, required) => ({ type: "object", properties, required });

/** `run(args, { progress, signal })` resolves with the text of the answer. */
const KNOWN = {
  echo: {
    description: "Says what it was told.",
    json: object({ text }, ["text"]),
    zod: (z) => z.object({ text: z.string().describe("What to say") }),
    run: async (args) => args.text,
  },
  /** The same, but nothing says that it only reads. */
  write: {
    description: "Notes what it was told.",
    writes: true,
    json: object({ text }, ["text"]),
    zod: (z) => z.object({ text: z.string().describe("What to say") }),
    run: async (args) => args.text,
  },
  progress: {
    description: "Reports progress n times.",
    json: object({ n: count, text }, ["n", "text"]),
    zod: (z) => z.object({ n: z.number().int().min(0).describe("How many"), text: z.string().describe("What to say") }),
    run: async (args, { progress }) => {
      for (let done = 1; done <= args.n; done++) await progress(done, args.n);
      return args.text;
    },
  },
  wait: {
    description: "Waits.",
    json: object({ ms: count }, ["ms"]),
    zod: (z) => z.object({ ms: z.number().int().min(0).describe("How many") }),
    run: async (args) => {
      await sleep(args.ms);
      return "waited";
    },
  },
};

/** A tool as people write them: a few parameters with descriptions, a default, an optional part. */
function filler(index) {
  const name = `query_${String(index).padStart(3, "0")}`;
  const described = {
    endpoint: "Path below the API root, for example dcim/devices",
    limit: "How many objects to return at most",
    filters: "Field lookups by name",
    brief: "Leave out nested objects",
  };
  return {
    name,
    description: `Looks up objects of kind ${index} in the inventory and returns them as a table.`,
    json: object(
      {
        endpoint: { type: "string", description: described.endpoint },
        limit: { type: "integer", minimum: 1, maximum: 500, default: 50, description: described.limit },
        filters: { type: "object", additionalProperties: { type: "string" }, description: described.filters },
        brief: { type: "boolean", description: described.brief },
      },
      ["endpoint"],
    ),
    zod: (z) =>
      z.object({
        endpoint: z.string().describe(described.endpoint),
        limit: z.number().int().min(1).max(500).default(50).describe(described.limit),
        filters: z.record(z.string(), z.string()).optional().describe(described.filters),
        brief: z.boolean().optional().describe(described.brief),
      }),
    run: async (args) => `nothing at ${args.endpoint}`,
  };
}

/**
 * The tools that `spec` asks for, with `schema` made: by zod, or plain JSON Schema where the row says so and the peer
 * takes it (`json: false` when it does not).
 */
export async function tools({ json = true } = {}) {
  const plain = spec.schema === "json" && json;
  const z = plain ? undefined : (await import("zod")).z;
  const all = (spec.tools ?? ["echo"]).map((name) => ({ name, ...KNOWN[name] }));
  for (let index = all.length; index < (spec.count ?? 1); index++) all.push(filler(index));
  return all.map((tool) => ({
    name: tool.name,
    description: tool.description,
    run: tool.run,
    writes: tool.writes === true,
    schema: plain ? tool.json : tool.zod(z),
    plain,
  }));
}
