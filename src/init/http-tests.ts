/** Tests of the template `http`. */

export const SERVER_TEST = `/** Every tool, resource and prompt, as clients of every protocol revision have them; and who may use them. */
import { type McpServer, PROTOCOL_VERSIONS } from {{module:holdfast}};
import { connect, holdfastMatchers } from {{module:holdfast/testing}};
import { afterAll, beforeEach, describe, expect, test } from {{module:vitest}};
import { createServer } from {{module:../src/server.js}};
import { temporaryFolder } from {{module:./temporary-folder.js}};

expect.extend(holdfastMatchers);

const writer = { subject: "ada", permissions: ["notes:*"] };
const folder = temporaryFolder();
let server: McpServer;

beforeEach(() => {
  server = createServer({ notesFile: folder.file("notes.jsonl") });
});
afterAll(folder.remove);

const countNotes = async () => {
  const client = await connect(server, { principal: writer });
  const { structuredContent } = await client.callTool("search_notes");
  await client.close();
  return (structuredContent as { notes: unknown[] }).notes.length;
};

describe.each(PROTOCOL_VERSIONS)("revision %s", (revision) => {
  test("lists what there is", async () => {
    const client = await connect(server, { revision, principal: writer });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(["search_notes", "add_note"]);
    expect((await client.listResources()).map(({ uri }) => uri)).toEqual(["notes://all"]);
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(["summarize_notes"]);
    await client.close();
  });

  test("adds notes and finds them", async () => {
    const client = await connect(server, { revision, principal: writer });
    expect((await client.callTool("add_note", { title: "Milk", text: "two bottles" })).isError).not.toBe(true);
    expect((await client.callTool("add_note", { title: "Bread" })).isError).not.toBe(true);
    const found = await client.callTool("search_notes", { query: "BOTTLES" });
    expect(JSON.stringify(found.content)).toContain("Milk");
    expect(JSON.stringify(found.content)).not.toContain("Bread");
    expect(JSON.stringify(await client.readResource("notes://all"))).toContain("two bottles");
    expect(JSON.stringify(await client.getPrompt("summarize_notes", { topic: "food" }))).toContain("about food");
    await client.close();
  });
});

test("who may do what", async () => {
  const principals = { stranger: {}, reader: { permissions: ["notes:read"] }, writer };
  await expect(server).toHavePermissions(
    principals,
    \`
                              stranger  reader  writer
      tool search_notes       -         yes     yes
      tool add_note           -         -       yes
      resource notes://all    -         yes     yes
      prompt summarize_notes  -         yes     yes
    \`,
  );
});

test("a call that is sent again with its key adds no second note, and gets the answer of the first", async () => {
  const client = await connect(server, { principal: writer });
  const add = (key: string) =>
    client.callTool("add_note", { title: "Milk" }, { meta: { "dev.holdfast/idempotencyKey": key } });
  const first = await add("shopping-2026-0001");
  const again = await add("shopping-2026-0001");
  expect(again.structuredContent).toEqual(first.structuredContent);
  expect(await countNotes()).toBe(1);
  await add("shopping-2026-0002");
  expect(await countNotes()).toBe(2);
});

test("notes are there after a restart; a line that was cut off is not", async () => {
  const notesFile = folder.file("notes.jsonl");
  const note = { id: "1", title: "Milk", text: "" };
  folder.write(notesFile, \`\${JSON.stringify(note)}\\n{"id":"2","ti\`);
  server = createServer({ notesFile });
  expect(await countNotes()).toBe(1);
  const client = await connect(server, { principal: writer });
  await client.callTool("add_note", { title: "Bread" });
  server = createServer({ notesFile });
  expect(await countNotes()).toBe(2);
});
`;

export const FOLDER = `/** A folder for what a test writes. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function temporaryFolder() {
  const root = mkdtempSync(join(tmpdir(), "{{service}}-"));
  return {
    /** A path that nothing is at yet. */
    file: (name: string) => join(root, \`\${randomUUID()}-\${name}\`),
    write: (path: string, text: string) => writeFileSync(path, text),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
`;

export const HTTP_TEST = `/** Over real connections, with the official client: keys, both HTTP transports, and a restart. */
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from {{module:@modelcontextprotocol/client}};
import { apiKeys, hashApiKey } from {{module:holdfast}};
import { afterAll, afterEach, expect, test } from {{module:vitest}};
import { createServer } from {{module:../src/server.js}};
import { temporaryFolder } from {{module:./temporary-folder.js}};

const KEY = "only-for-these-tests";
const auth = apiKeys({ keys: [{ hash: hashApiKey(KEY), subject: "ada", permissions: ["notes:*"] }] });
const folder = temporaryFolder();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(folder.remove);

async function serve(options: { notesFile: string; store?: \`lmdb:\${string}\` }) {
  const server = await createServer({ auth, ...options }).run({ transport: "http", port: 0, signals: false });
  closing.push(() => server.close());
  return server;
}

const requestInit = { headers: { authorization: \`Bearer \${KEY}\` } };
const transports = {
  "Streamable HTTP": (url: string) => new StreamableHTTPClientTransport(new URL(url), { requestInit }),
  "HTTP+SSE": (url: string) => new SSEClientTransport(new URL("/sse", url), { requestInit }),
};

test.each(Object.entries(transports))("%s: a caller with a key adds a note", async (_name, transport) => {
  const server = await serve({ notesFile: folder.file("notes.jsonl") });
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(transport(server.url ?? ""));
  closing.push(() => client.close());
  const { structuredContent } = await client.callTool({ name: "add_note", arguments: { title: "Milk" } });
  expect(structuredContent).toMatchObject({ title: "Milk" });
});

const body = (key?: string) =>
  JSON.stringify({
    ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
    params: {
      ...{ name: "add_note", arguments: { title: "Milk" } },
      ...(key === undefined ? {} : { _meta: { "dev.holdfast/idempotencyKey": key } }),
    },
  });

const post = (url = "", headers: Record<string, string> = {}, key?: string) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: body(key) });

test("without a key, or with a wrong one, nobody gets in", async () => {
  const { url } = await serve({ notesFile: folder.file("notes.jsonl") });
  expect((await post(url)).status).toBe(401);
  expect((await post(url, { authorization: "Bearer not-the-key-of-anybody" })).status).toBe(401);
});

test("a call that is sent again after a restart gets the answer of the first", async () => {
  const options = { notesFile: folder.file("notes.jsonl"), store: \`lmdb:\${folder.file("store")}\` as const };
  const key = "shopping-2026-0001";
  const before = await serve(options);
  const first = (await (await post(before.url, requestInit.headers, key)).json()) as { result: { content: unknown } };
  await before.close();
  const after = await serve(options);
  const again = (await (await post(after.url, requestInit.headers, key)).json()) as typeof first;
  expect(again.result.content).toEqual(first.result.content);
  const [note] = first.result.content as { text: string }[];
  expect(note?.text).toContain("Milk");
});
`;
