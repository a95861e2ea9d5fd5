/** The template `basic`: one file, in memory, for clients that start the server themselves or reach it on loopback. */
import { COMMON, manifest } from "./common.js";
import { fill } from "./fill.js";
import { basicReadme } from "./readme.js";
import { TRANSPORTS_TEST } from "./transports-test.js";
import type { ProjectFacts, ProjectFile } from "./types.js";

const SERVER = `/** A server of notes: two tools, a resource, a prompt. Change them into what your server is for. */
import { McpServer } from {{module:holdfast}};
import { z } from {{module:zod}};

const NOTES_URI = "notes://all";

const noteSchema = z.object({ id: z.string(), title: z.string(), text: z.string() });
type Note = z.infer<typeof noteSchema>;

/** A server without notes. Tests make one each. */
export function createServer(): McpServer {
  const notes: Note[] = [];
  const mcp = new McpServer(
    { name: "{{service}}", version: "0.1.0" },
    { instructions: "Keeps short notes. Search before you add one that may be there already." },
  );

  mcp.registerTool(
    "search_notes",
    {
      title: "Search notes",
      description: "Finds the notes that contain a text, in any case of letters.",
      inputSchema: z.object({ query: z.string().default("").describe("Part of a title or text; empty for all notes.") }),
      outputSchema: z.object({ notes: z.array(noteSchema) }),
      // It changes nothing, so calls of it are not recorded and run whenever they are asked for.
      annotations: { readOnlyHint: true },
    },
    ({ query }) => {
      const wanted = query.toLowerCase();
      return { notes: notes.filter(({ title, text }) => \`\${title}\\n\${text}\`.toLowerCase().includes(wanted)) };
    },
  );

  mcp.registerTool(
    "add_note",
    {
      title: "Add a note",
      description: "Keeps a note.",
      inputSchema: z.object({ title: z.string().min(1).max(80), text: z.string().max(4000).default("") }),
      outputSchema: noteSchema,
      annotations: { destructiveHint: false },
    },
    ({ title, text }, ctx) => {
      // A call that is sent again with its key does not come here: it gets the recorded outcome.
      const note = { id: ctx.operation.id, title, text };
      notes.push(note);
      mcp.sendResourceUpdated({ uri: NOTES_URI });
      return note;
    },
  );

  mcp.registerResource(
    "notes",
    NOTES_URI,
    { title: "All notes", description: "Every note, as Markdown.", mimeType: "text/markdown" },
    (uri) => {
      const text = notes.map((note) => \`## \${note.title}\\n\\n\${note.text}\\n\`).join("\\n");
      return { contents: [{ uri: uri.href, mimeType: "text/markdown", text }] };
    },
  );

  mcp.registerPrompt(
    "summarize_notes",
    {
      title: "Summarize notes",
      description: "Asks for a summary of the notes about a topic.",
      argsSchema: z.object({ topic: z.string() }),
    },
    ({ topic }) => {
      const text = \`Search the notes about \${topic} and summarize them in three sentences.\`;
      return { messages: [{ role: "user", content: { type: "text", text } }] };
    },
  );

  return mcp;
}

export default createServer();
`;

const SERVER_TEST = `/** Every tool, resource and prompt, as clients of every protocol revision have them. */
import { type McpServer, PROTOCOL_VERSIONS } from {{module:holdfast}};
import { connect } from {{module:holdfast/testing}};
import { describe, expect, test } from {{module:vitest}};
import { createServer } from {{module:../src/server.js}};

const notesOf = async (server: McpServer) => {
  const client = await connect(server);
  const { structuredContent } = await client.callTool("search_notes");
  await client.close();
  return (structuredContent as { notes: { id: string; title: string }[] }).notes;
};

describe.each(PROTOCOL_VERSIONS)("revision %s", (revision) => {
  test("lists what there is", async () => {
    const client = await connect(createServer(), { revision });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(["search_notes", "add_note"]);
    expect((await client.listResources()).map(({ uri }) => uri)).toEqual(["notes://all"]);
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(["summarize_notes"]);
    await client.close();
  });

  test("adds notes and finds them", async () => {
    const server = createServer();
    const client = await connect(server, { revision });
    expect((await client.callTool("add_note", { title: "Milk", text: "two bottles" })).isError).not.toBe(true);
    expect((await client.callTool("add_note", { title: "Bread" })).isError).not.toBe(true);
    const found = await client.callTool("search_notes", { query: "BOTTLES" });
    expect(JSON.stringify(found.content)).toContain("Milk");
    expect(JSON.stringify(found.content)).not.toContain("Bread");
    expect(JSON.stringify(await client.readResource("notes://all"))).toContain("two bottles");
    await client.close();
  });

  test("refuses a note without a title", async () => {
    const server = createServer();
    const client = await connect(server, { revision });
    const refused = await client.callTool("add_note", { title: "" }).catch((error: Error) => ({ isError: true, error }));
    expect(refused.isError).toBe(true);
    expect(await notesOf(server)).toEqual([]);
    await client.close();
  });

  test("has a prompt", async () => {
    const client = await connect(createServer(), { revision });
    expect(JSON.stringify(await client.getPrompt("summarize_notes", { topic: "food" }))).toContain("about food");
    await client.close();
  });
});

describe("a call that is sent again", () => {
  const add = (client: Awaited<ReturnType<typeof connect>>, key: string) =>
    client.callTool("add_note", { title: "Milk" }, { meta: { "dev.holdfast/idempotencyKey": key } });

  test("with its key adds no second note, and gets the answer of the first", async () => {
    const server = createServer();
    const client = await connect(server);
    const first = await add(client, "shopping-2026-0001");
    const again = await add(client, "shopping-2026-0001");
    expect(again.structuredContent).toEqual(first.structuredContent);
    expect(await notesOf(server)).toHaveLength(1);
  });

  test("with a key of its own is a note of its own", async () => {
    const server = createServer();
    const client = await connect(server);
    await add(client, "shopping-2026-0001");
    await add(client, "shopping-2026-0002");
    expect(await notesOf(server)).toHaveLength(2);
  });
});
`;

export function basicFiles(facts: ProjectFacts): readonly ProjectFile[] {
  const { name } = facts;
  return [
    manifest(facts, {
      description: "An MCP server that keeps notes",
      scripts: {
        start: "holdfast run src/server.ts --transport http",
        dev: "holdfast run src/server.ts --transport http --reload",
        call: "holdfast call src/server.ts",
        test: "vitest run",
        types: "tsc",
      },
      dependencies: ["tsx", "zod"],
      devDependencies: ["@modelcontextprotocol/client", "@types/node", "typescript", "vitest"],
    }),
    ...COMMON,
    { path: "README.md", content: basicReadme(facts) },
    { path: "src/server.ts", content: fill(SERVER, name) },
    { path: "test/server.test.ts", content: fill(SERVER_TEST, name) },
    { path: "test/transports.test.ts", content: fill(TRANSPORTS_TEST, name) },
  ];
}
