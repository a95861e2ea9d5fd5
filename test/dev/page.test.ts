/** The page in a real browser, with a real server behind it. */
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folder, type Running, running } from "../cli/helpers/cli.js";
import { until } from "../faults/helpers/until.js";
import { type Browser, startBrowser } from "../oauth/helpers/browser.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { started } from "./helpers/dev.js";

const files = folder();
const begin = running();
/** Above what anything in a page takes, below the bound of a test: what is missing is named. */
const LOOK_MS = 12_000;
/** A process, a browser's page and dozens of steps, on a machine that does other things too. */
const WHOLE = { timeout: 90_000 };
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const text = (more = "") => `import { McpServer } from "holdfast";
import { z } from "zod";
const mcp = new McpServer({ name: "workshop", version: "1.0.0" });
let proceed;
mcp.registerTool("copy", {
  description: "Copies files.",
  annotations: { readOnlyHint: true },
  inputSchema: z.object({
    folder: z.string().describe("Where they are"),
    count: z.number().int().max(9).default(2),
    mode: z.enum(["fast", "safe"]),
    hidden: z.boolean(),
    tags: z.array(z.string()).optional(),
    filter: z.object({ extension: z.string().regex(/^[.]/) }).optional(),
  }),
}, async (args, ctx) => {
  ctx.progress(1, args.count, "first file");
  ctx.log.info("copying " + args.folder);
  await new Promise((resolve) => { proceed = resolve; });
  return args;
});
mcp.registerTool("proceed", {}, () => { proceed(); return "on"; });
mcp.registerTool("wait", {}, (ctx) => new Promise((_, reject) => ctx.signal.addEventListener("abort", () => {
  process.stderr.write("told to stop\\n");
  reject(new Error("stopped"));
})));
mcp.registerTool("order", {}, async (ctx) => await ctx.elicit({
  message: "How many hammers?",
  requestedSchema: z.object({ amount: z.number().int(), gift: z.boolean() }),
}));
mcp.registerTool("picture", {}, () => ({
  content: [
    { type: "image", mimeType: "image/png", data: "${PIXEL}" },
    { type: "text", text: "<b>**not bold**</b>" },
    { type: "resource_link", uri: "file:///plan.txt", name: "plan" },
  ],
}));
mcp.registerResource("plan", "file:///plan.txt", {}, (uri) => ({ contents: [{ uri: uri.href, text: "the plan" }] }));
mcp.registerPrompt("greet", { argsSchema: z.object({ who: z.string() }) }, ({ who }) => ({ messages: [{ role: "user", content: { type: "text", text: "Hello " + who } }] }));
${more}
export default mcp;
`;

let browser: Browser;
const problems: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
}, FETCH_TIMEOUT_MS);
afterAll(() => browser?.close());

async function open(name: string): Promise<{ page: Page; server: Running; file: string; url: string }> {
  const file = files.write(name, text());
  const server = begin(["dev", file, "--port", "0", "--json", "--grace-ms", "500"]);
  const { page: address, url } = await started(server);
  const page = await browser.context.newPage();
  page.setDefaultTimeout(LOOK_MS);
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(address);
  await page.getByRole("button", { name: "copy Copies files." }).waitFor();
  return { page, server, file, url };
}

const choose = (page: Page, name: string) => page.getByRole("navigation").getByRole("button", { name }).click();
const press = (page: Page, name: string) => page.getByRole("main").getByRole("button", { name, exact: true }).click();
const result = (page: Page) => page.getByRole("region", { name: "Result" });

it("a form is filled, checked by the server, called, and answered; a question is asked", WHOLE, async () => {
  const { page } = await open("calls.ts");
  for (const revision of ["2026-07-28", "2025-11-25"]) {
    await page.getByLabel("Revision").selectOption(revision);
    await page.getByText(`http · ${revision}`).waitFor();
    await choose(page, "copy");
    await page.getByText("readOnly").waitFor();

    // What is missing or wrong is said at its field, in the server's words.
    await page.getByLabel("count").fill("12");
    await page.getByRole("checkbox", { name: "filter" }).check();
    await page.getByLabel("extension").fill("txt");
    await press(page, "Call");
    const field = (name: string) => page.locator(".field", { has: page.getByLabel(name) }).last();
    await field("folder").getByRole("alert").waitFor();
    expect(await field("folder").getByRole("alert").textContent()).toMatch(/expected string/);
    expect(await field("count").getByRole("alert").textContent()).toMatch(/<=9/);
    expect(await field("extension").getByRole("alert").textContent()).toMatch(/must match/);
    expect(await page.getByLabel("folder").getAttribute("aria-invalid")).toBe("true");

    await page.getByLabel("folder").fill("/data");
    await page.getByLabel("count").fill("4");
    await page.getByLabel("mode").selectOption("safe");
    await page.getByRole("checkbox", { name: "hidden" }).check();
    await page.getByLabel("extension").fill(".txt");
    await page.getByRole("button", { name: "+ Add to tags" }).click();
    await page.getByRole("textbox", { name: "tags 1" }).fill("new");
    await press(page, "Call");
    await result(page).getByText("1/4 first file").waitFor();
    await result(page).getByText("copying /data").waitFor();
    expect(await page.getByRole("progressbar").getAttribute("value")).toBe("1");
    await choose(page, "proceed");
    await press(page, "Call");
    await choose(page, "copy");
    await result(page).getByText("Structured content").waitFor();
    const shown = (await result(page).locator("pre").last().textContent()) ?? "";
    expect((JSON.parse(shown) as { structuredContent: unknown }).structuredContent).toEqual({
      folder: "/data",
      count: 4,
      mode: "safe",
      hidden: true,
      tags: ["new"],
      filter: { extension: ".txt" },
    });

    await choose(page, "order");
    await press(page, "Call");
    const question = page.getByRole("dialog", { name: "The server asks" });
    await question.getByText("How many hammers?").waitFor();
    await question.getByLabel("amount").fill("3");
    await question.getByRole("button", { name: "Accept" }).click();
    await result(page).getByText("amount:").waitFor();
    expect(await question.count()).toBe(0);
    expect(await result(page).locator(".tree").first().textContent()).toContain("amount: 3");
    await page.reload();
  }
  await page.close();
});

it("shows pictures, text as text, resources, prompts, cancels, and logs what others call", WHOLE, async () => {
  const { page, server, url } = await open("others.ts");
  await choose(page, "picture");
  await press(page, "Call");
  await result(page).getByRole("img").waitFor();
  expect(
    await result(page)
      .getByRole("img")
      .evaluate((image) => (image as HTMLImageElement).naturalWidth),
  ).toBe(1);
  expect(await result(page).getByText("<b>**not bold**</b>").first().isVisible()).toBe(true);
  await result(page).getByText("file:///plan.txt").first().waitFor();

  await choose(page, "plan");
  await press(page, "Read");
  await result(page).getByText("the plan").first().waitFor();
  await choose(page, "greet");
  await page.getByLabel("who").fill("Ada");
  await press(page, "Get");
  await result(page).getByText("Hello Ada").first().waitFor();

  await choose(page, "wait");
  await press(page, "Call");
  await result(page).getByRole("button", { name: "Cancel" }).click();
  await result(page).getByText("Cancelled.").waitFor();
  await until("the server is told", () => server.stderr().includes("told to stop"));

  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "elsewhere" } });
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  await fetch(url, { method: "POST", headers, body });
  const row = page.getByRole("region", { name: "Request log" }).getByRole("listitem").first();
  await row.getByText("elsewhere", { exact: true }).waitFor();
  await row.getByText("-32602").first().waitFor();
  await page.close();
});

it("follows the file: new tools, mistakes, and the end of the command", WHOLE, async () => {
  const { page, server, file } = await open("edited.ts");
  const status = page.getByRole("status");
  writeFileSync(file, text('mcp.registerTool("brand_new", {}, () => "hi");'));
  await page.getByRole("button", { name: "brand_new" }).click();
  await status.getByText("ready, loaded 2 times").waitFor();
  writeFileSync(file, text("const ="));
  await page.getByRole("heading", { name: "The server does not run" }).waitFor();
  expect(await page.getByRole("alert").textContent()).toContain("edited.ts:");
  writeFileSync(file, text());
  await status.getByText("ready, loaded 3 times").waitFor();
  expect(await page.getByRole("button", { name: "brand_new" }).count()).toBe(0);
  await page.getByRole("button", { name: "Restart" }).click();
  await status.getByText("ready, loaded 4 times").waitFor();
  server.child.kill("SIGTERM");
  await status.getByText("holdfast dev has ended").waitFor();
  await page.close();
});

it("breaks no rule of its own policy and loads nothing from elsewhere", () => {
  // While the process is gone the page asks in vain whether it is back.
  expect(problems.filter((text) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/.test(text))).toEqual([]);
});
