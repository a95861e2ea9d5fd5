/** The documentation site: built as CI does, every link of it followed, and looked at in a browser. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Browser, startBrowser } from "./oauth/helpers/browser.js";
import { FETCH_TIMEOUT_MS } from "./support/debian.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const OUT = join(ROOT, "site", "dist");
/** One fault of each kind, among links that are good. */
const BAD_SITE: Readonly<Record<string, string>> = {
  "index.html":
    '<title>A</title><link rel="stylesheet" href="https://fonts.example/a.css"><script src="//cdn.example/a.js"></script>' +
    '<h1 id="a">A</h1><a href="#a">a</a><a href="missing.html">b</a><a href="/page.html#nowhere">c</a>' +
    '<a href="page.html#there">d</a><img src="picture.png"><a href="https://example.com/">e</a>',
  "page.html": '<h1 id="there">A</h1>',
  "lonely.html": '<title>L</title><h1>L</h1><a href="./">back</a>',
  "style.css": "@font-face { src: url(https://fonts.example/b.woff2) }",
};
/** Half a minute on a machine that has nothing else to do; the first time, packages are installed. */
const BUILD_TIMEOUT_MS = 600_000;

const run = promisify(execFile);
const read = (name: string): string => readFileSync(join(OUT, name), "utf8");

beforeAll(async () => {
  // Fails with what is wrong: a link that leads nowhere, an export without a docstring, packages that are not there.
  await run(process.execPath, [join(ROOT, "site", "build.mjs")], { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 });
}, BUILD_TIMEOUT_MS);

describe("the check of the built pages", () => {
  const checkSite = async (out: string): Promise<readonly string[]> => {
    const { checkSite } = (await import(pathToFileURL(join(ROOT, "site", "lib", "check.mjs")).href)) as {
      checkSite(out: string, base: string): { readonly faults: readonly string[] };
    };
    return checkSite(out, "/").faults;
  };

  test("finds nothing in the site", async () => {
    expect(await checkSite(OUT)).toEqual([]);
  });

  test("finds what it is there for", async () => {
    const out = mkdtempSync(join(tmpdir(), "holdfast-site-"));
    onTestFinished(() => rmSync(out, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(BAD_SITE)) writeFileSync(join(out, name), text);
    const faults = await checkSite(out);
    expect([...faults].sort()).toEqual([
      "index.html: /page.html#nowhere has no such place on its page",
      "index.html: loads //cdn.example/a.js",
      "index.html: loads https://fonts.example/a.css",
      "index.html: missing.html leads nowhere",
      "index.html: picture.png leads nowhere",
      "lonely.html: no page that is reached links to it",
      "page.html: has no title",
      "style.css: loads url(https://fonts.example/b.woff2",
    ]);
  });
});

describe("the sidebar", () => {
  interface Sidebar {
    mistakes(titles: ReadonlyMap<string, string>): readonly string[];
  }

  test("has every page, and no other", async () => {
    const { mistakes } = (await import(pathToFileURL(join(ROOT, "site", "lib", "sidebar.mjs")).href)) as Sidebar;
    const found = mistakes(new Map([["new-page", "New"]]));
    expect(found).toContain("the page new-page.md is in no group");
    expect(found).toContain("there is no page quick-start");
    const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
    const start = read("index.html");
    const linked = (name: string): boolean => start.includes(`href="/${name.replace(/\.md$/, ".html")}"`);
    expect(docs.filter((name) => name !== "index.md" && !linked(name))).toEqual([]);
  });
});

describe("the API reference", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string | { readonly types: string }>;
  };
  const entries = Object.entries(exports).flatMap(([entry, target]) => {
    return typeof target === "string" ? [] : [{ entry, types: target.types }];
  });

  test.each(entries)("has a page for every export of $entry", ({ entry, types }) => {
    const folder = join(OUT, "api", join("holdfast", entry));
    expect(existsSync(join(folder, "index.html"))).toBe(true);
    const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
      return name.replace(/^[a-z-]+\/|\.html$/g, "");
    });
    const names = exportedNames(join(ROOT, types));
    expect(names.length > 0).toBe(entry !== "./stdio-guard");
    expect(names.filter((name) => !pages.includes(name))).toEqual([]);
  });
});

/** Names in a declaration file of the built package; one that is exported under two names counts once. */
function exportedNames(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const declared = [...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)];
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = ""]) => names.split(","));
  const all = [...text.matchAll(/^export (?:type )?\* from "(.+)\.js"/gm)].flatMap(([, path = ""]) => {
    return exportedNames(join(file, "..", `${path}.d.ts`));
  });
  const alias = / as /;
  return [...declared.map(([, name = ""]) => name), ...listed.map((name) => name.trim()), ...all].filter(
    (name) => name !== "" && !alias.test(name),
  );
}

test("an error code is a place on the page of errors", () => {
  const codes = readFileSync(join(ROOT, "src", "errors.ts"), "utf8").match(/"ERR_[A-Z_]+"/g) ?? [];
  expect(codes.length).toBeGreaterThan(15);
  const page = read("errors.html");
  expect([...new Set(codes)].filter((code) => !page.includes(`id=${code}`))).toEqual([]);
});

describe("in a browser", () => {
  const seen: string[] = [];
  let server: Server;
  let origin = "";
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://site").pathname;
      const file = join(OUT, path.endsWith("/") ? `${path}index.html` : path);
      if (!existsSync(file)) return void response.writeHead(404).end();
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await startBrowser();
    page = await browser.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") seen.push(message.text());
    });
    page.on("pageerror", (error) => seen.push(String(error)));
    page.on("requestfailed", (request) => {
      // What a page fetched ahead is given up when another one is opened.
      const { errorText = "" } = request.failure() ?? {};
      if (errorText !== "net::ERR_ABORTED") seen.push(`${errorText}: ${request.url()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) seen.push(`asked: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) seen.push(`${response.status()}: ${response.url()}`);
    });
  }, FETCH_TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test("the start page leads to a guide, and the guide to the reference", async () => {
    await page.goto(`${origin}/`, { waitUntil: "networkidle" });
    await page.locator(".VPSidebar").getByText("Operations", { exact: true }).click();
    await page.waitForURL(`${origin}/operations.html`);
    await page.getByRole("heading", { level: 1, name: "Operations" }).waitFor();
    await page.locator(".VPNav").getByText("API", { exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "API" }).waitFor();
    await page.locator(".VPSidebar").getByText("McpServer", { exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "McpServer" }).waitFor();
    expect(await page.locator(".vp-doc pre").count()).toBeGreaterThan(3);
    expect(seen).toEqual([]);
  });

  test("an error code is scrolled to", async () => {
    await page.goto(`${origin}/errors.html#ERR_STORE`, { waitUntil: "networkidle" });
    const row = page.locator("tr:target");
    expect(await row.locator("td").first().textContent()).toBe("ERR_STORE");
    await row.waitFor({ state: "visible" });
    expect(seen).toEqual([]);
  });

  test("pictures are shown", async () => {
    await page.goto(`${origin}/bench.html`, { waitUntil: "networkidle" });
    const width = await page
      .locator(".vp-doc img")
      .first()
      .evaluate((image) => (image as { naturalWidth?: number }).naturalWidth);
    expect(width).toBeGreaterThan(0);
    expect(seen).toEqual([]);
  });

  test("the search finds what the pages say, and asks nobody else", async () => {
    await page.goto(`${origin}/`, { waitUntil: "networkidle" });
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("idempotency key");
    const first = page.locator(".VPLocalSearchBox .result").first();
    await first.waitFor();
    await first.click();
    await page.waitForURL((url) => url.pathname !== "/");
    expect(seen).toEqual([]);
  });
});

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};
