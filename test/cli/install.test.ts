/** `holdfast install`: the built command on real files, and what it wrote started as a client would. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { applyPatch } from "diff";
import fc from "fast-check";
import { parse } from "smol-toml";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { unifiedPatch } from "../../src/cli/unified-patch.js";
import { readConfig, writeConfig } from "../../src/install/index.js";
import { requireProgram } from "../support/debian.js";
import { CLI, type Ended, folder, holdfast, serverText } from "./helpers/cli.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-install-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const server = folder();
const URL_OF_TOOLS = "https://tools.example.com/mcp";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
});

const BLANK = { XDG_CONFIG_HOME: "", CODEX_HOME: "", CLAUDE_CONFIG_DIR: "", VSCODE_PORTABLE: "" };
const install = (...args: string[]): Promise<Ended> =>
  holdfast(["install", ...args], { env: { ...BLANK, HOME: home }, cwd: home });
const at = (...names: string[]): string => join(home, ...names);
function write(name: string, text: string): string {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  return at(name);
}
const read = (...names: string[]): string => readFileSync(at(...names), "utf8");
const backups = (path: string): readonly string[] =>
  readdirSync(dirname(path)).filter((name) => name.includes(".backup-"));

describe("one server", () => {
  const before = '{\r\n\t"theme" : "dark", // mine\r\n\t"mcpServers":{ },,'.replace(",,", "\r\n}");

  it("goes in with a backup, and out again: the same bytes, the same mode", async () => {
    const path = write(".cursor/mcp.json", before);
    chmodSync(path, 0o640);
    const done = await install("cursor", URL_OF_TOOLS, "--name", "tools", "--header", "X-Tenant: acme");
    expect(done).toMatchObject({ code: 0, stdout: `Added tools: ${path}\n` });
    expect(done.stderr).toMatch(/clear text.*--header 'X-Tenant: \$\{env:NAME\}'[\s\S]*Restart Cursor/);
    const [backup = ""] = backups(path);
    expect(read(".cursor", backup)).toBe(before);
    expect([path, at(".cursor", backup)].map((one) => statSync(one).mode & 0o777)).toEqual([0o640, 0o640]);
    const again = await install("cursor", URL_OF_TOOLS, "--name", "tools", "--header", "X-Tenant: acme");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("Already there") });
    expect((await install("cursor", "--remove", "--name", "tools")).stdout).toBe(`Removed tools: ${path}\n`);
    expect(read(".cursor/mcp.json")).toBe(before);
    expect(backups(path)).toHaveLength(2);
    expect(readdirSync(at(".cursor"))).toHaveLength(3);
  });

  it("makes the file where there is none, for nobody else to read", async () => {
    const { stderr } = await install("codex", URL_OF_TOOLS);
    expect(stderr).toMatch(/no folder .*\.codex: is Codex installed/);
    expect(parse(read(".codex/config.toml"))).toEqual({ mcp_servers: { "tools-example-com": { url: URL_OF_TOOLS } } });
    expect([statSync(at(".codex")).mode & 0o777, statSync(at(".codex/config.toml")).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
    expect(backups(at(".codex/config.toml"))).toEqual([]);
    const project = await install("vscode", URL_OF_TOOLS, "--scope", "project");
    expect(project.stderr).not.toContain("installed for this user");
    await install("vscode", URL_OF_TOOLS, "--scope", "project", "--remove");
    // Not every client takes a file without a document.
    expect(read(".vscode/mcp.json")).toBe("{}\n");
    const shared = statSync(at(".vscode/mcp.json")).mode & 0o777;
    expect(shared).toBe(0o666 & ~process.umask());
  });

  it("is shown with --dry-run as a patch that gives the same file, and nothing is written", async () => {
    const path = write(".codex/config.toml", 'model = "x"\n\n[mcp_servers.a]\ncommand = "a" # no end of line');
    const shown = await install("codex", URL_OF_TOOLS, "--dry-run");
    expect(readdirSync(at(".codex"))).toEqual(["config.toml"]);
    expect(shown.stderr).toContain("Nothing was changed.");
    const original = read(".codex/config.toml");
    await install("codex", URL_OF_TOOLS);
    expect(applyPatch(original, shown.stdout)).toBe(read(".codex/config.toml"));
    expect(shown.stdout).toContain(`--- ${path}\n+++ ${path}\n@@`);
    const gone = JSON.parse((await install("codex", "--remove", URL_OF_TOOLS, "--dry-run", "--json")).stdout) as {
      patch: string;
    };
    expect(applyPatch(read(".codex/config.toml"), gone.patch)).toBe(original);
  });

  it("any change is a patch that gives it", () => {
    const text = fc.array(fc.constantFrom("a", "b", "\n", "\r\n", "c\n")).map((parts) => parts.join(""));
    const given = fc.property(text, text, (before, after) => {
      const patch = unifiedPatch({ before, after, from: "x", to: "x" });
      if (before !== after) expect(applyPatch(before, patch, { autoConvertLineEndings: false })).toBe(after);
      else expect(patch).toBe("");
    });
    fc.assert(given);
  });

  it("is reported as JSON with --json", async () => {
    write(".claude.json", '{"numStartups": 3}');
    const { stdout, stderr, code } = await install("claude-code", URL_OF_TOOLS, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const result: unknown = JSON.parse(stdout);
    const backup = at(backups(at(".claude.json"))[0] ?? "");
    const facts = { client: "claude-code", scope: "user", file: at(".claude.json"), name: "tools-example-com" };
    expect(result).toEqual({ ...facts, action: "added", dryRun: false, created: false, backup, notices: [] });
    expect(JSON.parse(read(".claude.json"))).toEqual({
      numStartups: 3,
      mcpServers: { "tools-example-com": { type: "http", url: URL_OF_TOOLS } },
    });
  });

  it("does not replace another one without a word, and keeps what the user added to it", async () => {
    const text = '{"mcpServers": {"demo": {"url": "https://old.example.com/", "disabled": true}}}';
    write(".cursor/mcp.json", text);
    const refused = await install("cursor", URL_OF_TOOLS, "--name", "demo");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/another server "demo"[\s\S]*--force/);
    expect(read(".cursor/mcp.json")).toBe(text);
    expect((await install("cursor", URL_OF_TOOLS, "--name", "demo", "--force")).stdout).toMatch(/^Replaced demo/);
    expect(read(".cursor/mcp.json")).toBe(text.replace("https://old.example.com/", URL_OF_TOOLS));
  });
});

describe("on a terminal", () => {
  it.each([
    ["yes", URL_OF_TOOLS, 0],
    ["no", "https://old.example.com/", 130],
  ])("asks before it replaces: %s", async (answer, url, code) => {
    write(".cursor/mcp.json", '{"mcpServers": {"demo": {"url": "https://old.example.com/"}}}');
    const script = await requireProgram("script", "bsdutils");
    const command = `${process.execPath} ${CLI} install cursor ${URL_OF_TOOLS} --name demo`;
    const env = { ...process.env, ...script.env, ...BLANK, HOME: home, NO_COLOR: "1", TERM: "xterm" };
    const child = spawn(script.path, ["-qec", command, "/dev/null"], { cwd: home, env, timeout: 25_000 });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const asked = text.includes("Replace it?");
      text += chunk.toString();
      if (!asked && text.includes("Replace it?")) child.stdin.write(`${answer}\n`);
    });
    expect(await once(child, "close")).toEqual([code, null]);
    expect(text).toContain('There is another server "demo"');
    expect(JSON.parse(read(".cursor/mcp.json"))).toEqual({ mcpServers: { demo: { url } } });
  });
});

describe("files that are special", () => {
  it("a symbolic link stays one, and its target changes", async () => {
    const target = write("dotfiles/codex.toml", "a = 1\n");
    mkdirSync(at(".codex"));
    symlinkSync("../dotfiles/codex.toml", at(".codex/config.toml"));
    await install("codex", URL_OF_TOOLS);
    expect(lstatSync(at(".codex/config.toml")).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toContain(URL_OF_TOOLS);
    expect(backups(target)).toHaveLength(1);
  });

  it.each([
    ["does not parse", '{\n  "a" 1\n}', /mcp\.json: line 2, column 7: ColonExpected\.\nNothing was changed/],
    ["has the wrong shape", '{"mcpServers": 3}', /mcpServers is no object/],
    ["is not UTF-8", Buffer.from([0xff, 0xfe, 0x7b, 0]), /is not UTF-8/],
  ])("a file that %s is left alone", async (_what, text, message) => {
    const path = write(".cursor/mcp.json", "");
    writeFileSync(path, text);
    const { code, stdout, stderr } = await install("cursor", URL_OF_TOOLS);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(readFileSync(path)).toEqual(Buffer.from(text as string));
    expect(readdirSync(at(".cursor"))).toEqual(["mcp.json"]);
  });

  it.each([
    ["a folder", (path: string) => mkdirSync(path, { recursive: true }), /is no file/],
    ["a link to nothing", (path: string) => symlinkSync("nowhere", path), /a link to nowhere, which is not there/],
  ])("%s is refused", async (_what, make, message) => {
    make(at("c.json"));
    const { code, stderr } = await install("cursor", URL_OF_TOOLS, "--config", "c.json");
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });

  it("what another program wrote meanwhile is not written over", async () => {
    const path = write("c.json", "{}");
    const missing = at("new.json");
    const [file, none] = [await readConfig(path), await readConfig(missing)];
    for (const one of [path, missing]) writeFileSync(one, '{"theirs": 1}');
    for (const one of [file, none]) {
      const writing = writeConfig(one, { text: "ours", shared: false, now: new Date() });
      await expect(writing).rejects.toMatchObject({ code: "ERR_INSTALL_CHANGED" });
    }
    expect([read("c.json"), read("new.json")]).toEqual(['{"theirs": 1}', '{"theirs": 1}']);
    expect(readdirSync(home).sort()).toEqual(["c.json", "new.json"]);
  });

  it("of runs at the same time each is in the file or says that it is not", async () => {
    const path = write(".cursor/mcp.json", "{}\n");
    const names = Array.from({ length: 8 }, (_, index) => `server-${index}`);
    for (let round = 0; round < 20; round++) {
      writeFileSync(path, "{}\n");
      const ended = await Promise.allSettled(
        names.map(async (name) => {
          const file = await readConfig(path);
          const text = JSON.stringify({ ...(JSON.parse(file.text) as object), [name]: {} });
          await writeConfig(file, { text, shared: false, now: new Date(round * 1000) });
          return name;
        }),
      );
      const done = ended.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      expect(Object.keys(JSON.parse(read(".cursor/mcp.json")) as object).sort()).toEqual(done.sort());
      const refused = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as { code: string }] : []));
      expect(new Set(refused.map(({ code }) => code))).toEqual(
        new Set(refused.length > 0 ? ["ERR_INSTALL_CHANGED"] : []),
      );
    }
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("what a run that was killed left behind is in nobody's way for long", async () => {
    const path = write(".cursor/mcp.json", "{}\n");
    const left = write(".cursor/.mcp.json.holdfast.tmp", "half");
    const now = new Date();
    await expect(writeConfig(await readConfig(path), { text: "1", shared: false, now })).rejects.toThrow("meanwhile");
    expect(readFileSync(left, "utf8")).toBe("half");
    const before = new Date(now.getTime() - 60_000);
    utimesSync(left, before, before);
    await writeConfig(await readConfig(path), { text: "1", shared: false, now });
    expect(readFileSync(path, "utf8")).toBe("1");
    expect(existsSync(left)).toBe(false);
  });

  it("a file that is read-only stays as it is", async () => {
    const path = write(".cursor/mcp.json", "{}\n");
    chmodSync(path, 0o444);
    const { code, stderr } = await install("cursor", URL_OF_TOOLS, "--name", "tools");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("is read-only") });
    expect(readFileSync(path, "utf8")).toBe("{}\n");
    expect(backups(path)).toEqual([]);
  });

  it("backups of one second do not replace each other", async () => {
    const now = new Date("2026-01-02T03:04:05.678Z");
    const path = write("c.json", "first");
    const kept = [];
    for (const text of ["second", "third"])
      kept.push(await writeConfig(await readConfig(path), { text, shared: false, now }));
    expect(kept.map((one) => [one, readFileSync(String(one), "utf8")])).toEqual([
      [`${path}.backup-2026-01-02T03-04-05Z`, "first"],
      [`${path}.backup-2026-01-02T03-04-05Z-2`, "second"],
    ]);
  });
});

describe("without a client", () => {
  it("lists the clients, with the file of each", async () => {
    write(".cursor/mcp.json", "{}");
    const [text, json] = await Promise.all([install(), install("--json")]);
    expect(text.stdout).toMatch(/claude-desktop +user +not there +\S+claude_desktop_config\.json/);
    const { clients } = JSON.parse(json.stdout) as {
      clients: readonly { client: string; scope: string; exists: boolean }[];
    };
    expect(clients.filter(({ exists }) => exists).map(({ client }) => client)).toEqual(["cursor", "cursor"]);
    expect(clients).toHaveLength(10);
  });
});

describe("mistakes", () => {
  it.each([
    [["curser", URL_OF_TOOLS], /no client "curser"[\s\S]*Did you mean cursor/],
    [["cursor"], /Which server\?/],
    [["cursor", "nothing"], /no URL and no file/],
    [["cursor", URL_OF_TOOLS, "--name", "a b"], /"a b" is no name/],
    [["cursor", URL_OF_TOOLS, "--env", "A=1"], /--env is for servers that the client starts/],
    [["cursor", "--header", "A: 1", "--", "node"], /--header is for URLs/],
    [["cursor", "--env", "canary", "--", "node"], /--env needs KEY=value/],
    [["windsurf", URL_OF_TOOLS, "--scope", "project"], /no file for a project/],
    [["claude-desktop", URL_OF_TOOLS], /takes commands in its file[\s\S]*Connectors/],
    [["cursor", "--remove"], /Which server is to be taken out/],
    [["cursor", URL_OF_TOOLS, "--", "node"], /takes one server and nothing else/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await install(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("canary");
    expect(readdirSync(home)).toEqual([]);
  });

  it("a server that is not there cannot be taken out", async () => {
    write(".cursor/mcp.json", '{"mcpServers": {"tools": {}}}');
    const { code, stderr } = await install("cursor", "--remove", "--name", "tool");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no server "tool"[\s\S]*Did you mean tools/)]);
  });
});

describe("the client starts what was written", () => {
  /** As a program that was started from a desktop does: a short PATH, and no folder in particular. */
  async function started({ command, args, env }: { command: string; args: string[]; env?: Record<string, string> }) {
    const transport = new StdioClientTransport({ command, args, cwd: "/", env: { PATH: "/usr/bin:/bin", ...env } });
    const client = new Client({ name: "desktop", version: "1.0.0" });
    await client.connect(transport);
    try {
      const { content } = await client.callTool({ name: "about", arguments: {} });
      return JSON.parse((content as readonly { text: string }[])[0]?.text ?? "") as { name: string; transport: string };
    } finally {
      await client.close();
    }
  }
  interface Start {
    readonly command: string;
    readonly args: string[];
    readonly env?: Record<string, string>;
  }

  it("Claude Desktop, from a file in JSON", async () => {
    const file = server.write("desk top.ts", serverText("const typed: McpServer = mcp; export default typed;"));
    write(".config/Claude/claude_desktop_config.json", '{ "globalShortcut": "" }');
    expect((await install("claude-desktop", file, "--env", "LOG=debug")).code).toBe(0);
    const { mcpServers } = JSON.parse(read(".config/Claude/claude_desktop_config.json")) as {
      mcpServers: Record<string, Start>;
    };
    const entry = mcpServers["desk-top"] as Start;
    expect(entry).toMatchObject({ args: [expect.stringMatching(/^\/.*cli\.js$/), "run", file], env: { LOG: "debug" } });
    expect(await started(entry)).toMatchObject({ name: "fixture", transport: "stdio" });
  });

  it("Codex, from a command in TOML", async () => {
    const file = server.write("codex.mjs", serverText("export default mcp;"));
    expect((await install("codex", "--name", "mine", "--", process.execPath, CLI, "run", file)).code).toBe(0);
    const { mcp_servers: servers } = parse(read(".codex/config.toml")) as unknown as {
      mcp_servers: Record<string, Start>;
    };
    expect(await started(servers.mine as Start)).toMatchObject({ name: "fixture", transport: "stdio" });
    expect((await install("codex", "--remove", "--name", "mine")).code).toBe(0);
    expect([existsSync(at(".codex/config.toml")), read(".codex/config.toml")]).toEqual([true, ""]);
  });
});
