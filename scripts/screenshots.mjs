// Pictures for the documentation, made of the real program: docs/assets/dev.png is the page of `holdfast dev`, in the
// middle of a call. Needs dist/ (npm run build) and Chromium, which is fetched as for the tests. With a name (`dev`), only
// that picture.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const assets = join(root, "docs", "assets");
const size = { width: 1200, height: 800 };
const PICTURES = { dev: devPage };

const SERVER = `import { McpServer } from "holdfast";
import { z } from "zod";

const mcp = new McpServer({ name: "library", version: "1.4.0" });
const read = { annotations: { readOnlyHint: true } };
mcp.registerTool("find_books", {
  ...read, description: "Finds books by words of their title.", inputSchema: z.object({ words: z.string() }),
}, ({ words }) => ({ found: [{ id: "b-17", title: "The " + words, copies: 3 }] }));
mcp.registerTool("lend_book", {
  description: "Lends a book to a reader, and asks before it does.",
  inputSchema: z.object({ book: z.string(), reader: z.string() }),
}, async (_args, ctx) => await ctx.elicit({ message: "Lend it?", requestedSchema: z.object({ sure: z.boolean() }) }));
mcp.registerTool("index_shelves", {
  description: "Reads every shelf again and counts what stands there.",
  annotations: { readOnlyHint: true, idempotentHint: true },
  inputSchema: z.object({
    room: z.enum(["reading room", "archive", "depot"]).describe("Where the shelves are"),
    shelves: z.number().int().min(1).max(40).default(8).describe("How many of them"),
    languages: z.array(z.string()).optional(),
    deep: z.boolean().describe("Opens every book"),
  }),
}, async ({ room, shelves }, ctx) => {
  for (let shelf = 1; shelf <= 5; shelf += 1) {
    ctx.progress(shelf, shelves, "shelf " + shelf);
    ctx.log.info("shelf " + shelf + " of the " + room + ": " + (17 * shelf) + " books");
  }
  await new Promise(() => {});
});
mcp.registerResource("opening hours", "library://hours", { mimeType: "text/plain" }, (uri) => ({
  contents: [{ uri: uri.href, text: "9 to 6" }],
}));
mcp.registerPrompt("recommend", { description: "Asks for a book like another." }, () => ({
  messages: [{ role: "user", content: { type: "text", text: "What should I read?" } }],
}));
export default mcp;
`;

async function devPage(picture, page) {
  mkdirSync(join(root, ".tmp"), { recursive: true });
  mkdirSync(assets, { recursive: true });
  const folder = mkdtempSync(join(root, ".tmp", "pictures-"));
  const file = join(folder, "library.ts");
  writeFileSync(file, SERVER);
  const args = [join(root, "dist", "cli.js"), "dev", file, "--port", "0", "--json", "--grace-ms", "0"];
  const dev = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const { url, page: address } = await readyOf(dev);
    await page.setViewportSize(size);
    await page.goto(address);
    await page.getByRole("button", { name: /^index_shelves/ }).waitFor();
    for (const [name, given] of [
      ["find_books", { words: "Odyssey" }],
      ["find_books", {}],
      ["lend_a_book", {}],
    ]) {
      await call(url, name, given);
    }
    const nav = page.getByRole("navigation");
    await nav.getByRole("button", { name: /^find_books/ }).click();
    await page.getByLabel("words").fill("Iliad");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.getByText("Structured content").waitFor();
    await nav.getByRole("button", { name: /^index_shelves/ }).click();
    await page.getByLabel("room").selectOption("reading room");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.getByText("shelf 5 of the reading room").waitFor();
    await page.screenshot({ path: picture });
  } finally {
    dev.kill("SIGTERM");
    await once(dev, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the first lines say: where clients and the page are, then that the server is ready. */
async function readyOf(dev) {
  let start;
  for await (const line of createInterface({ input: dev.stdout })) {
    const event = JSON.parse(line);
    if (event.event === "start") start = event;
    if (event.event === "ready") {
      // What comes later is not read, and must not stop the program.
      dev.stdout.resume();
      return start;
    }
    if (event.event === "failed") throw new Error(event.summary);
  }
  throw new Error("holdfast dev ended");
}

async function call(url, name, given) {
  const params = {
    name,
    arguments: given,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "claude-code", version: "2.1.0" },
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  };
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": name,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  await (await fetch(url, { method: "POST", headers, body })).text();
}

// The browser is found by the same few lines that the tests have.
const unregister = register();
const { startBrowser } = await import(join(root, "test", "oauth", "helpers", "browser.ts"));
const wanted = process.argv.slice(2);
const browser = await startBrowser();
try {
  for (const [name, make] of Object.entries(PICTURES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const file = join(assets, `${name}.png`);
    await make(file, await browser.context.newPage());
    console.log(`${file}: ${Math.ceil(statSync(file).size / 1024)} KiB`);
  }
} finally {
  await browser.close();
  await unregister();
}
