/** Programs of the template `http`. */

export const MAIN = `/** Serves over HTTP. What it needs comes from the environment: README.md has the list. */
import { readFileSync } from "node:fs";
import { type ApiKey, apiKeys } from {{module:holdfast}};
import { createServer } from {{module:./server.js}};

/** systemd names the folder that it has made for the service; the container image does the same. */
const folder = process.env.STATE_DIRECTORY ?? "data";
const keys = JSON.parse(readFileSync(process.env.API_KEYS_FILE ?? "api-keys.json", "utf8")) as ApiKey[];

const mcp = createServer({
  auth: apiKeys({ keys, header: ["authorization", "x-api-key"] }),
  notesFile: \`\${folder}/notes.jsonl\`,
  store: process.env.MCP_STORE ? undefined : \`lmdb:\${folder}/store\`,
  publicUrl: process.env.PUBLIC_URL || undefined,
});
await mcp.run({ transport: "http" });
`;

export const NOTES = `/** Notes in a file, one line of JSON each, for the one process that has it open. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { z } from {{module:zod}};

export const noteSchema = z.object({ id: z.string(), title: z.string(), text: z.string() });
export type Note = z.infer<typeof noteSchema>;

export class Notes {
  readonly #file: string;
  readonly #notes = new Map<string, Note>();

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) return;
    const bytes = readFileSync(file);
    // A crash may have cut off the last line: that note was never confirmed.
    const end = bytes.lastIndexOf("\\n") + 1;
    if (end < bytes.length) truncateSync(file, end);
    for (const line of bytes.toString("utf8", 0, end).split("\\n").filter(Boolean)) {
      const note = noteSchema.parse(JSON.parse(line));
      this.#notes.set(note.id, note);
    }
  }

  all(): readonly Note[] {
    return [...this.#notes.values()];
  }

  get(id: string): Note | undefined {
    return this.#notes.get(id);
  }

  /** On the disk when it returns. */
  add(note: Note): Note {
    appendFileSync(this.#file, \`\${JSON.stringify(note)}\\n\`, { flush: true });
    this.#notes.set(note.id, note);
    return note;
  }
}
`;

const TOOLS = `  mcp.registerTool(
    "search_notes",
    {
      title: "Search notes",
      description: "Finds the notes that contain a text, in any case of letters.",
      inputSchema: z.object({ query: z.string().default("").describe("Part of a title or text; empty for all notes.") }),
      outputSchema: z.object({ notes: z.array(noteSchema) }),
      // It changes nothing, so calls of it are not recorded and run whenever they are asked for.
      annotations: { readOnlyHint: true },
      requires: "notes:read",
    },
    ({ query }) => {
      const wanted = query.toLowerCase();
      return { notes: notes.all().filter(({ title, text }) => \`\${title}\\n\${text}\`.toLowerCase().includes(wanted)) };
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
      requires: "notes:write",
      // After a crash in the middle of a call: its note is there, or the call may run.
      recover: ({ id }) => notes.get(id) ?? "not-done",
    },
    ({ title, text }, ctx) => {
      // A call that is sent again with its key does not come here: it gets the recorded outcome.
      const note = notes.add({ id: ctx.operation.id, title, text });
      mcp.sendResourceUpdated({ uri: NOTES_URI });
      return note;
    },
  );
`;

const REST = `  mcp.registerResource(
    "notes",
    NOTES_URI,
    {
      title: "All notes",
      description: "Every note, as Markdown.",
      mimeType: "text/markdown",
      requires: "notes:read",
    },
    (uri) => {
      const text = notes.all().map((note) => \`## \${note.title}\\n\\n\${note.text}\\n\`).join("\\n");
      return { contents: [{ uri: uri.href, mimeType: "text/markdown", text }] };
    },
  );

  mcp.registerPrompt(
    "summarize_notes",
    {
      title: "Summarize notes",
      description: "Asks for a summary of the notes about a topic.",
      argsSchema: z.object({ topic: z.string() }),
      requires: "notes:read",
    },
    ({ topic }) => {
      const text = \`Search the notes about \${topic} and summarize them in three sentences.\`;
      return { messages: [{ role: "user", content: { type: "text", text } }] };
    },
  );
`;

export const SERVER: string = `/** A server of notes: two tools, a resource, a prompt. Change them into what your server is for. */
import { McpServer, type McpServerOptions } from {{module:holdfast}};
import { z } from {{module:zod}};
import { Notes, noteSchema } from {{module:./notes.js}};

const NOTES_URI = "notes://all";

export interface ServerOptions extends Pick<McpServerOptions, "auth" | "store" | "publicUrl"> {
  readonly notesFile: string;
}

export function createServer({ notesFile, ...options }: ServerOptions): McpServer {
  const notes = new Notes(notesFile);
  const mcp = new McpServer(
    { name: "{{service}}", version: "0.1.0" },
    { ...options, instructions: "Keeps short notes. Search before you add one that may be there already." },
  );

${TOOLS}
${REST}
  return mcp;
}
`;
