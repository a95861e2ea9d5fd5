/** `call`: everything that a server may ask while a tool runs, of every era, on a terminal and without one. */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { folder, holdfast, ROOT } from "./helpers/cli.js";
import { type Terminal, terminal } from "./helpers/terminal.js";

const REVISIONS = ["2025-11-25", "2026-07-28"];
const files = folder();
let onTerminal: Terminal;
let server = "";
/** Stands for a browser: writes down what it is to open. */
let browser = "";

const SERVER = `import { McpServer } from "holdfast";
const mcp = new McpServer({ name: "asking", version: "1.0.0" });
mcp.registerTool("page", {}, async (ctx) => {
  const url = "https://example.com/sign-in?a=1";
  return (await ctx.elicit({ mode: "url", message: "Sign in.", url })).action;
});
mcp.registerTool("punycode", {}, async (ctx) => {
  return (await ctx.elicit({ mode: "url", message: "Sign in.", url: "http://xn--pple-43d.example/" })).action;
});
mcp.registerTool("script", {}, async (ctx) => {
  return (await ctx.elicit({ mode: "url", message: "Sign in.", url: "file:///etc/passwd" })).action;
});
mcp.registerTool("model", {}, async (ctx) => {
  const messages = [{ role: "user", content: { type: "text", text: "A word?" } }];
  const { content } = await ctx.sample({ systemPrompt: "Be short.", messages, maxTokens: 10 });
  return content.text;
});
mcp.registerTool("roots", {}, async (ctx) => (await ctx.roots()).map(({ uri, name }) => uri + " " + name).join("\\n"));
export default mcp;
`;

beforeAll(async () => {
  onTerminal = await terminal();
  server = files.write("asking.mjs", SERVER);
  browser = files.write("browser.sh", `#!/bin/sh\nprintf '%s' "$1" > "$0.opened"\n`);
  chmodSync(browser, 0o755);
}, FETCH_TIMEOUT_MS);

const opened = () => readFileSync(`${browser}.opened`, "utf8");

describe.each(REVISIONS)("%s", (revision) => {
  const args = (tool: string) => `call ${server} ${tool} --revision ${revision}`;
  const isModern = revision === "2026-07-28";
  const done = isModern ? ([[/Press Enter when it is done/, "\n"]] as const) : [];

  it("shows a page, opens it after a yes, and goes on", async () => {
    const answers = [[/Open example\.com in the browser\? /, "yes\n"] as const, ...done];
    const { code, text } = await onTerminal(args("page"), { answers, env: { BROWSER: browser } });
    expect(text).toMatch(/sends you to a page: Sign in\.\s+https:\/\/example\.com\/sign-in\?a=1\s/);
    expect(text).toMatch(/accept\s*$/);
    expect(code).toBe(0);
    await expect.poll(() => existsSync(`${browser}.opened`) && opened()).toBe("https://example.com/sign-in?a=1");
  });

  it("opens nothing after a no, and warns of a name that looks like another", async () => {
    const answers = [[/Open xn--pple-43d\.example in the browser\? /, "no\n"] as const];
    const env = { BROWSER: join(ROOT, "there-is-no-browser") };
    const { text } = await onTerminal(args("punycode"), { answers, env });
    expect(text).toContain("letters that look like others");
    expect(text).toContain("not encrypted");
    expect(text).toMatch(/decline\s*$/);
  });

  it("opens nothing but pages of the web", async () => {
    const { text } = await onTerminal(args("script"));
    expect(text).toContain("file:///etc/passwd, which is no page of the web");
    expect(text).toMatch(/decline\s*$/);
  });

  it("lets the person answer for the model", async () => {
    const { code, text } = await onTerminal(args("model"), { answers: [[/Answer: /, "hammer\n"]] });
    expect(text).toMatch(/system: Be short\.\s+user: A word\?/);
    expect(text).toMatch(/hammer\s*$/);
    expect(code).toBe(0);
  });

  it("an empty answer for the model declines", async () => {
    const { code, text } = await onTerminal(args("model"), { answers: [[/Answer: /, "\n"]] });
    expect(text).toContain("rejected the sampling request");
    expect(code).toBe(1);
  });

  it("tells roots that were given, and has none otherwise", async () => {
    const roots = ["--root", "src", "--root", "docs"];
    const { code, stdout } = await holdfast(["call", server, "roots", "--revision", revision, ...roots]);
    expect(stdout).toMatch(/^file:\/\/.*\/src src\nfile:\/\/.*\/docs docs\n$/);
    expect(code).toBe(0);
    const none = await holdfast(["call", server, "roots", "--revision", revision]);
    expect(none.code).toBe(1);
  });

  it("without a terminal: says what to open, and that nobody can answer", async () => {
    const page = await holdfast(["call", server, "page", "--revision", revision]);
    expect(page.stderr).toMatch(/https:\/\/example\.com\/sign-in\?a=1\nNobody can be asked here.*call again/);
    expect(page.stdout).toBe("decline\n");
    const model = await holdfast(["call", server, "model", "--revision", revision, "--no-input"]);
    expect(model.stdout + model.stderr).toMatch(/does not support sampling/);
    expect(model.code).toBe(1);
  });
});

describe("a page that a server insists on (-32042)", () => {
  const FIXTURE = join(ROOT, "test", "cli", "fixtures", "page-required.mjs");
  const args = (how: string) => `call work --revision legacy -- ${process.execPath} ${FIXTURE} ${how}`;
  const open = [/Open accounts\.example in the browser\? /, "yes\n"] as const;

  it("calls again when the server says that it was visited", async () => {
    const { code, text } = await onTerminal(args("completes"), { answers: [open], env: { BROWSER: browser } });
    expect(text).toMatch(/worked at call 2\s*$/);
    expect(code).toBe(0);
  });

  it("is told when the server's request for it makes no sense", async () => {
    const { code, text } = await onTerminal(args("broken"));
    expect(text).toMatch(/error: /);
    expect(text).not.toMatch(/TypeError|\n\s+at /);
    expect(code).toBe(1);
  });

  it("or when the person says so", async () => {
    const answers = [open, [/Press Enter when it is done/, "\n"] as const];
    const { text } = await onTerminal(args("waits"), { answers, env: { BROWSER: browser } });
    expect(text).toMatch(/worked at call 2\s*$/);
  });

  it("without a terminal: says what to open, and fails", async () => {
    const { code, stderr } = await holdfast(["call", "work", "--revision", "legacy", "--", process.execPath, FIXTURE]);
    expect(stderr).toMatch(
      /error: The tool needs a page to be visited first\.\nhttps:\/\/accounts\.example\/connect\?a=1\nOpen it/,
    );
    expect(code).toBe(1);
  });
});

it("--root must be a folder", async () => {
  const { code, stderr } = await holdfast(["call", server, "roots", "--root", "no-such-folder"]);
  expect(stderr).toContain("--root: no-such-folder is no folder");
  expect(code).toBe(2);
});
