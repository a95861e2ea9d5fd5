/** What the command says about itself, and to those who mistype it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { didYouMean } from "../../src/cli/suggest.js";
import { apiKeys, hashApiKey, McpServer } from "../../src/index.js";
import { RUN_OPTIONS } from "../../src/runtimes/run-options.js";
import { CLI, holdfast, ROOT } from "./helpers/cli.js";

describe("help", () => {
  it("is printed by --help, and where nothing was typed", async () => {
    const [asked, bare] = await Promise.all([holdfast(["--help"]), holdfast([])]);
    expect(asked.code).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(asked.stdout).toContain(`  ${name} `);
      expect(asked.stdout.replace(/\s+/g, " ")).toContain(summary);
    }
    expect(asked.stdout).toContain("Exit codes:");
    expect(bare).toMatchObject({ code: 2, stdout: "", stderr: asked.stdout });
  });

  it("lists the commands in lines that fit 80 columns", async () => {
    const { stdout } = await holdfast(["--help"]);
    const commands = stdout.slice(stdout.indexOf("Commands:"), stdout.indexOf("Examples:")).split("\n");
    expect(Math.max(...commands.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each(COMMANDS.filter(({ load }) => load !== undefined))("of $name has its options and examples", async (spec) => {
    const { code, stdout } = await holdfast([spec.name, "--help"]);
    expect(code).toBe(0);
    for (const { flags } of spec.options) expect(stdout).toContain(flags);
    for (const { line } of spec.examples) expect(stdout).toContain(line);
  });

  it("of run has every option of run() with its variable", async () => {
    const { stdout } = await holdfast(["run", "--help"]);
    const text = stdout.replace(/\s+/g, " ");
    for (const { env, doc } of Object.values(RUN_OPTIONS)) {
      expect(text).toContain(env);
      expect(text.toLowerCase()).toContain(doc.replaceAll("`", "").toLowerCase());
    }
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(await holdfast(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("is a program that can be run by its name", () => {
    expect(readFileSync(CLI, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(CLI).mode & 0o111).toBe(0o111);
  });
});

describe("mistakes end with 2 and say what to do", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a command that is not there", ["lsit"], /unknown command 'lsit'\n\(Did you mean list\?\)/],
    [
      "an option that is not there",
      ["list", "--jsn", "http://127.0.0.1:1"],
      /unknown option '--jsn'\n\(Did you mean --json\?\)/,
    ],
    ["no target", ["list"], /Which server\?.*\n.*http:.*server\.ts, or -- node/],
    ["no tool", ["call", "http://127.0.0.1:1/mcp"], /Which tool\?\nholdfast list http:\/\/127.0.0.1:1\/mcp/],
    ["no file", ["run"], /missing required argument 'file'\nholdfast run --help shows/],
    ["no name of a service", ["deploy", "nginx"], /needs --name and --public-url/],
    [
      "a name that no service can have",
      ["deploy", "nginx", "--name", "Tools", "--public-url", "https://a.example"],
      /name "Tools" must be lower case/,
    ],
    ["a target without a scheme", ["list", "localhost:8000/mcp"], /Did you mean http:\/\/localhost:8000\/mcp\?/],
    ["a word that is nothing", ["list", "whatever"], /no URL and no file.\nFor a command: -- whatever/],
    ["a file that is not there", ["list", "missing.ts"], /There is no file missing.ts/],
    ["an empty command", ["list", "--"], /After -- comes the command/],
    ["words that are too many", ["list", "http://127.0.0.1:1", "more"], /too many arguments for 'list'/],
    ["a target and a command", ["list", "http://127.0.0.1:1", "--", "node"], /a target and nothing else: http/],
    [
      "a revision nobody knows",
      ["list", "http://127.0.0.1:1", "--revision", "2020-01-01"],
      /none of auto, legacy, 2024-11-05/,
    ],
    [
      "a time that is none",
      ["list", "http://127.0.0.1:1", "--timeout", "soon"],
      /--timeout: "soon" is no time.\n.*500ms, 30s, 2m/,
    ],
    ["a header that is none", ["list", "http://127.0.0.1:1", "--header", "secret"], /--header needs `Name: value`/],
    [
      "a port that is none",
      ["run", "test/e2e/fixtures/server.mjs", "--port", "99999"],
      /--port: "99999" is not usable; give a port/,
    ],
    [
      "a transport that is none",
      ["run", "test/e2e/fixtures/server.mjs", "--transport", "htp"],
      /unknown transport "htp".*stdio, http, sse/,
    ],
    [
      "reloading on stdio",
      ["run", "test/e2e/fixtures/server.mjs", "--reload"],
      /--reload needs HTTP.*\nAdd --transport http/,
    ],
    ["words for a command that takes none", ["keys", "seal", "--", "x"], /takes nothing after --/],
  ];

  it.each(cases)("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await holdfast(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("[S28] and a header is not repeated, because it may hold a credential", async () => {
    const { stderr } = await holdfast(["list", "http://127.0.0.1:1", "--header", "canary-credential"]);
    expect(stderr).not.toContain("canary");
  });
});

describe("suggestions", () => {
  it("are the nearest name, else those that hold the word, else all", () => {
    const names = ["get_stock", "add_stock", "orders"];
    expect(didYouMean("get_stok", names)).toBe("Did you mean get_stock?");
    expect(didYouMean("oredrs", names)).toBe("Did you mean orders?");
    expect(didYouMean("stock", names)).toBe("There are: get_stock, add_stock.");
    expect(didYouMean("zzzzzz", names)).toBe("There are: get_stock, add_stock, orders.");
    expect(didYouMean("x", [])).toBeUndefined();
    expect(didYouMean("__proto__", names)).toContain("There are");
  });
});

describe("keys", () => {
  it("seal prints a secret that a server takes, a new one each time", async () => {
    const [first, second, json] = await Promise.all(
      [
        ["keys", "seal"],
        ["keys", "seal"],
        ["keys", "seal", "--json"],
      ].map((args) => holdfast(args)),
    );
    expect(first?.stdout).toMatch(/^[\w-]{43}\n$/);
    expect(second?.stdout).not.toBe(first?.stdout);
    const { secret } = JSON.parse(json?.stdout ?? "") as { secret: string };
    expect(() => new McpServer({ name: "a", version: "1" }, { secret })).not.toThrow();
  });

  it("api prints a key and the hash that stands for it", async () => {
    const [text, json] = await Promise.all([
      holdfast(["keys", "api", "--name", "night shift"]),
      holdfast(["keys", "api", "--json", "--name", "x"]),
    ]);
    const made = JSON.parse(json?.stdout ?? "") as { subject: string; key: string; hash: string };
    expect(made.subject).toBe("x");
    expect(made.hash).toBe(hashApiKey(made.key));
    expect(() => apiKeys({ keys: [{ hash: made.hash, subject: made.subject, permissions: [] }] })).not.toThrow();
    const key = /^key +(\S+)$/m.exec(text?.stdout ?? "")?.[1] ?? "";
    expect(text?.stdout).toContain(`{ hash: "${hashApiKey(key)}", subject: "night shift", permissions: [] }`);
  });
});

describe("without the official client", () => {
  // Outside the repository: nothing that it has installed is found from there.
  const elsewhere = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  it("what connects says how to install it; what does not, works", async () => {
    cpSync(join(ROOT, "dist"), join(elsewhere, "dist"), { recursive: true });
    cpSync(join(ROOT, "package.json"), join(elsewhere, "package.json"));
    const script = join(elsewhere, "dist", "cli.js");
    const [list, keys] = await Promise.all([
      holdfast(["list", "http://127.0.0.1:1/mcp"], { script, cwd: elsewhere }),
      holdfast(["keys", "seal"], { script, cwd: elsewhere }),
    ]);
    expect(list).toMatchObject({ code: 2, stdout: "" });
    expect(list?.stderr).toContain("npm install --save-dev @modelcontextprotocol/client");
    expect(keys?.code).toBe(0);
    // The client of the folder where the command is called will do.
    const found = await holdfast(["list", "http://127.0.0.1:9/mcp"], { script, cwd: ROOT });
    expect(found.code).toBe(3);
  });
});
