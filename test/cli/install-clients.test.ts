/** The clients: where each keeps its servers on each system, and what it reads there. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CLIENTS, type ClientId, type ClientSpec, documentedPaths, type System } from "../../src/install/clients.js";
import { putEntry, removeEntry, serverNames } from "../../src/install/edit.js";
import { entryOf, isClearText, mergedEntry, type ServerAt } from "../../src/install/entry.js";
import { launchOfCommand, launchOfFile, type Surroundings } from "../../src/install/launch.js";
import { nameOfCommand, nameOfFile, nameOfUrl } from "../../src/install/name.js";

/** As a value names a variable on the command line. */
const ref = (name: string): string => `\${env:${name}}`;
const client = (id: ClientId): ClientSpec => CLIENTS.find((one) => one.id === id) as ClientSpec;
const on = (platform: NodeJS.Platform, env: System["env"] = {}): System => {
  const windows = platform === "win32";
  return { platform, env, home: windows ? "C:\\u\\ada" : "/u/ada", cwd: windows ? "D:\\work" : "/srv/it" };
};

describe("where the file is", () => {
  const cases: readonly (readonly [ClientId, "user" | "project", System, string])[] = [
    ["claude-desktop", "user", on("darwin"), "/u/ada/Library/Application Support/Claude/claude_desktop_config.json"],
    ["claude-desktop", "user", on("linux"), "/u/ada/.config/Claude/claude_desktop_config.json"],
    ["claude-desktop", "user", on("linux", { XDG_CONFIG_HOME: "/x" }), "/x/Claude/claude_desktop_config.json"],
    [
      "claude-desktop",
      "user",
      on("linux", { XDG_CONFIG_HOME: "x" }),
      "/u/ada/.config/Claude/claude_desktop_config.json",
    ],
    ["claude-desktop", "user", on("win32", { APPDATA: "E:\\Roam" }), "E:\\Roam\\Claude\\claude_desktop_config.json"],
    ["claude-desktop", "user", on("win32"), "C:\\u\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json"],
    ["claude-code", "user", on("linux"), "/u/ada/.claude.json"],
    ["claude-code", "user", on("win32"), "C:\\u\\ada\\.claude.json"],
    ["claude-code", "user", on("darwin", { CLAUDE_CONFIG_DIR: "/c" }), "/c/.claude.json"],
    ["claude-code", "user", on("darwin", { CLAUDE_CONFIG_DIR: " " }), "/u/ada/.claude.json"],
    ["claude-code", "project", on("darwin"), "/srv/it/.mcp.json"],
    ["cursor", "user", on("win32"), "C:\\u\\ada\\.cursor\\mcp.json"],
    ["cursor", "project", on("linux"), "/srv/it/.cursor/mcp.json"],
    ["vscode", "user", on("darwin"), "/u/ada/Library/Application Support/Code/User/mcp.json"],
    ["vscode", "user", on("linux", { XDG_CONFIG_HOME: "/x" }), "/x/Code/User/mcp.json"],
    ["vscode", "user", on("win32", { APPDATA: "E:\\Roam" }), "E:\\Roam\\Code\\User\\mcp.json"],
    ["vscode", "user", on("linux", { VSCODE_PORTABLE: "/usb/data" }), "/usb/data/user-data/User/mcp.json"],
    ["vscode", "project", on("win32"), "D:\\work\\.vscode\\mcp.json"],
    ["windsurf", "user", on("darwin"), "/u/ada/.codeium/windsurf/mcp_config.json"],
    ["windsurf", "user", on("win32"), "C:\\u\\ada\\.codeium\\windsurf\\mcp_config.json"],
    ["codex", "user", on("linux"), "/u/ada/.codex/config.toml"],
    ["codex", "user", on("linux", { CODEX_HOME: "/cx" }), "/cx/config.toml"],
    ["codex", "project", on("linux"), "/srv/it/.codex/config.toml"],
  ];

  it.each(cases)("%s, %s", (id, scope, system, path) => {
    expect(client(id).files[scope]?.(system)).toBe(path);
  });

  it("is documented for every client, with a page of the client", () => {
    for (const one of CLIENTS) {
      expect(
        documentedPaths(one)
          .map(({ where }) => where)
          .join(),
      ).toMatch(/macOS.*Windows/);
      expect(one.documentation).toMatch(/^https:\/\//);
    }
    expect(documentedPaths(client("cursor")).at(-1)).toEqual({ where: "project", path: ".cursor/mcp.json" });
  });
});

const COMMAND: ServerAt = {
  kind: "command",
  command: "/n",
  args: ["a"],
  env: { TOKEN: ref("TOKEN"), B: "2" },
};
const URL_AT: ServerAt = {
  kind: "url",
  url: "https://tools.example.com/mcp",
  headers: { Authorization: `Bearer ${ref("TOKEN")}`, "X-A": "1" },
};

describe("what an entry looks like", () => {
  const url = URL_AT.kind === "url" ? URL_AT.url : "";
  const start = { command: "/n", args: ["a"] };
  const asEditors = { TOKEN: ref("TOKEN"), B: "2" };
  const headers = URL_AT.kind === "url" ? URL_AT.headers : {};
  const cases: readonly (readonly [ClientId, object, object])[] = [
    [
      "claude-code",
      { type: "stdio", ...start, env: { TOKEN: `\${TOKEN}`, B: "2" } },
      { type: "http", url, headers: { Authorization: `Bearer \${TOKEN}`, "X-A": "1" } },
    ],
    ["cursor", { ...start, env: asEditors }, { url, headers }],
    ["vscode", { type: "stdio", ...start, env: asEditors }, { type: "http", url, headers }],
    ["windsurf", { ...start, env: asEditors }, { serverUrl: url, headers }],
    [
      "codex",
      { ...start, env: { B: "2" }, env_vars: ["TOKEN"] },
      { url, bearer_token_env_var: "TOKEN", http_headers: { "X-A": "1" } },
    ],
  ];

  it.each(cases)("%s", (id, command, remote) => {
    expect(entryOf(client(id), COMMAND)).toEqual(command);
    expect(entryOf(client(id), URL_AT)).toEqual(remote);
  });

  it("claude-desktop takes commands, with values as they are", () => {
    const plain: ServerAt = { kind: "command", command: "/n", args: ["a"], env: { A: "1" } };
    expect(entryOf(client("claude-desktop"), plain)).toEqual({ ...start, env: { A: "1" } });
    expect(entryOf(client("claude-desktop"), { ...plain, env: {} })).toEqual(start);
    expect(() => entryOf(client("claude-desktop"), COMMAND)).toThrow(/does not replace/);
    expect(() => entryOf(client("claude-desktop"), URL_AT)).toThrow(/takes commands in its file/);
  });

  it("codex: a variable is a whole header, and keeps its name for a command", () => {
    const at = (value: string): ServerAt => ({ kind: "url", url: "https://x/", headers: { "X-K": value } });
    expect(entryOf(client("codex"), at(`\${env:K}`))).toEqual({ url: "https://x/", env_http_headers: { "X-K": "K" } });
    expect(() => entryOf(client("codex"), at(`a\${env:K}`))).toThrow(/whole value/);
    const renamed: ServerAt = { kind: "command", command: "/n", args: [], env: { A: `\${env:B}` } };
    expect(() => entryOf(client("codex"), renamed)).toThrow(/under its own name/);
  });

  it("knows what is in clear text", () => {
    expect(["abc", "Bearer abc", `x\${env:A}`].map(isClearText)).toEqual([true, true, true]);
    expect([`\${env:A}`, `Bearer \${env:A}`, `\${input:token}`, ""].map(isClearText)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("an entry in place of another", () => {
  it("keeps what the user added, and values that are not given anew", () => {
    const before = { type: "stdio", disabled: true, command: "/old", args: [], env: { A: "1" }, autoApprove: ["x"] };
    const fresh = { command: "/new", args: ["b"] };
    expect(mergedEntry(before, fresh)).toEqual({ ...before, ...fresh });
    expect(Object.keys(mergedEntry(before, fresh))).toEqual(Object.keys(before));
    expect(mergedEntry(before, { ...fresh, env: { B: "2" } }).env).toEqual({ B: "2" });
  });

  it("of another kind takes everything of the old kind away", () => {
    const before = { type: "stdio", command: "/old", args: [], env: { A: "1" }, disabled: true };
    expect(mergedEntry(before, { url: "https://x/" })).toEqual({ url: "https://x/", disabled: true });
    expect(mergedEntry({ url: "https://x/", headers: { A: "1" } }, { command: "/n", args: [] })).toEqual({
      command: "/n",
      args: [],
    });
  });

  it("leaves comments inside it, in JSON and in TOML", () => {
    const json =
      '{"mcpServers": {\n  // mine\n  "demo": {\n    "command": "/old", // here\n    "disabled": true /* off */\n  }\n}}';
    const put = putEntry(
      json,
      client("vscode").key === "servers" ? { format: "jsonc", key: "mcpServers" } : client("cursor"),
      {
        name: "demo",
        entry: { command: "/new", args: ["a"] },
      },
    );
    expect(put.text).toBe(
      '{"mcpServers": {\n  // mine\n  "demo": {\n    "command": "/new", // here\n    "disabled": true, /* off */\n    "args": [\n      "a"\n    ]\n  }\n}}',
    );
    const toml =
      '[mcp_servers.demo.env]\nA = "1"\n\n[mcp_servers.demo] # mine\n# here\ncommand = "/old"\nenabled = false # off\n\n# next\n[x]\n';
    expect(putEntry(toml, client("codex"), { name: "demo", entry: { url: "https://x/" } }).text).toBe(
      '\n[mcp_servers.demo] # mine\nurl = "https://x/"\n# here\nenabled = false # off\n\n# next\n[x]\n',
    );
  });
});

describe("comments stay beside what they are about", () => {
  const place = { format: "jsonc", key: "mcpServers" } as const;
  const put = (text: string) => putEntry(text, place, { name: "demo", entry: { url: "x" } }).text;
  it.each([
    [
      '{\n  "mcpServers": {\n    "a": {} // about a\n    // at the end\n  }\n}',
      '{\n  "mcpServers": {\n    "a": {}, // about a\n    "demo": {\n      "url": "x"\n    }\n    // at the end\n  }\n}',
    ],
    [
      '{\n  "mcpServers": { // mine\n  }\n}',
      '{\n  "mcpServers": { // mine\n    "demo": {\n      "url": "x"\n    }\n  }\n}',
    ],
    ['{ "mcpServers": { "a": {}, /* b */ } }', '{ "mcpServers": { "a": {}, /* b */ "demo": { "url": "x" }, } }'],
    ["{}", '{\n  "mcpServers":  {\n    "demo":   {\n      "url": "x"\n    }\n  }\n}'],
  ])("%s", (before, after) => {
    expect(put(before)).toBe(after);
  });
});

describe("files that are not edited", () => {
  const put = (id: ClientId, text: string) =>
    putEntry(text, client(id), { name: "demo", entry: { command: "/n", args: [] } });
  it.each([
    ["cursor", '{\n  "a": 1,\n  "b" 2\n}', /^line 3, column 7: ColonExpected/],
    ["cursor", "[]", /no object/],
    ["cursor", '{"mcpServers": []}', /line 1, column 16: mcpServers is no object/],
    ["cursor", '{"mcpServers": {}, "mcpServers": {}}', /second "mcpServers"/],
    ["cursor", '{"mcpServers": {"demo": {}, "demo": {}}}', /second "demo"/],
    ["cursor", '{"a": 1} x', /line 1, column 10/],
    ["codex", "a = 1\nb = \n", /^line 2, column/],
    ["codex", "mcp_servers = 1", /no table/],
    ["codex", 'mcp_servers = { a = { command = "x" } }', /one line/],
    ["codex", 'mcp_servers.demo.command = "x"', /not written as a table/],
  ] as const)("%s: %s", (id, text, message) => {
    expect(() => put(id, text)).toThrow(message);
  });
});

describe("taking out what somebody wrote", () => {
  const out = (id: ClientId, text: string) => removeEntry(text, client(id), "demo").text;
  it.each([
    ['{"mcpServers": {"demo": {"command": "x"}}}', '{"mcpServers": {}}'],
    ['{"mcpServers": {"demo": {}, "b": {}}}', '{"mcpServers": { "b": {}}}'],
    ['{"mcpServers": {"a": {}, "demo": {}, "b": {}}}', '{"mcpServers": {"a": {}, "b": {}}}'],
    ['{"mcpServers": {"a": {}, "demo": {},}}', '{"mcpServers": {"a": {},}}'],
    ['{"mcpServers": { // one\n"demo": {} }}', '{"mcpServers": { // one\n }}'],
  ])("%s", (before, after) => {
    expect(out("cursor", before)).toBe(after);
  });

  it("in TOML, with its tables wherever they are, and not what is beside them", () => {
    const text =
      '# a\n[mcp_servers.demo]\ncommand = "x"\n# of it\nargs = []\n# of b\n\n[b]\nx = 1\n\n[mcp_servers.demo.env]\nA = "1"\n[mcp_servers.demo2]\n';
    expect(out("codex", text)).toBe("# a\n# of b\n\n[b]\nx = 1\n[mcp_servers.demo2]\n");
    expect(out("codex", '[mcp_servers]\nother.command = "y"\ndemo = { command = "x" } # c\n')).toBe(
      '[mcp_servers]\nother.command = "y"\n',
    );
    expect(serverNames(text, client("codex"))).toEqual(["demo", "demo2"]);
  });

  it("what is not there changes nothing", () => {
    expect(removeEntry("{}", client("cursor"), "demo")).toEqual({ text: "{}", action: "absent" });
    expect(removeEntry("", client("codex"), "toString")).toEqual({ text: "", action: "absent" });
  });
});

describe("what is started", () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-install-")));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const folder = (...names: string[]) => {
    const path = join(root, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const around = (over: Partial<Surroundings> = {}): Surroundings => ({
    env: { PATH: "/nowhere" },
    platform: "linux",
    cwd: root,
    execPath: process.execPath,
    cli: "/opt/holdfast/dist/cli.js",
    ...over,
  });

  it("a file: by a Node that stays where it is, and by the package that the file imports", () => {
    expect(launchOfFile("/nowhere/server.ts", around())).toEqual({
      command: process.execPath,
      args: ["/opt/holdfast/dist/cli.js", "run", "/nowhere/server.ts"],
      notices: [],
    });
    const file = join(folder("project", "src"), "server.ts");
    const shell = folder("fnm_multishells", "1");
    const stable = folder("bin");
    for (const one of [shell, stable]) symlinkSync(process.execPath, join(one, "node"));
    const packed = folder("project", "node_modules", ".store", "holdfast@1.0.0", "holdfast");
    writeFileSync(join(packed, "package.json"), '{"name":"holdfast"}');
    mkdirSync(join(packed, "dist"));
    writeFileSync(join(packed, "dist", "cli.js"), "");
    symlinkSync(packed, join(root, "project", "node_modules", "holdfast"));
    const launch = launchOfFile(file, around({ env: { PATH: `${shell}:relative:${stable}` } }));
    expect(launch.command).toBe(join(stable, "node"));
    expect(launch.args[0]).toBe(join(root, "project", "node_modules", "holdfast", "dist", "cli.js"));
  });

  it("a file, run from a cache of npx: with a warning", () => {
    const cli = "/u/ada/.npm/_npx/1a2b/node_modules/holdfast/dist/cli.js";
    expect(launchOfFile("/nowhere/server.ts", around({ cli })).notices.join()).toMatch(/cache of npx/);
  });

  it("a command: with whole paths for the program and for files", () => {
    const bin = folder("tools");
    for (const name of ["npx", "serve"]) writeFileSync(join(bin, name), "#!/bin/sh\n", { mode: 0o755 });
    writeFileSync(join(root, "config.json"), "{}");
    const here = around({ env: { PATH: bin } });
    expect(launchOfCommand(["serve", "./config.json", "-x", "config.json", "missing.js", "word"], here)).toEqual({
      command: join(bin, "serve"),
      args: [join(root, "config.json"), "-x", join(root, "config.json"), "missing.js", "word"],
      notices: [],
    });
    expect(launchOfCommand(["npx", "-y", "x"], here).notices.join()).toContain(`PATH=${bin}:/usr/bin:/bin`);
    expect(launchOfCommand(["nothing"], here)).toMatchObject({
      command: "nothing",
      notices: [expect.any(String)],
    });
    expect(launchOfCommand(["./tools/serve"], here).command).toBe(join(bin, "serve"));
  });
});

describe("names", () => {
  it.each([
    ["weather.ts", "weather"],
    ["@acme/tools/src/server.ts", "acme-tools"],
    ["my server.mjs", "my-server"],
  ])("of a file: %s", (path, name) => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-name-")));
    try {
      mkdirSync(join(root, "@acme", "tools", "src"), { recursive: true });
      writeFileSync(join(root, "@acme", "tools", "package.json"), '{"name":"@acme/acme-tools"}');
      expect(nameOfFile(join(root, path))).toBe(name);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it.each([
    [["npx", "-y", "@scope/some-server@1.2", "--flag"], "some-server"],
    [["npx", "-y", "some-server@latest"], "some-server"],
    [["node", "dist/weather.js"], "weather"],
    [["uvx", "mcp-server-time"], "mcp-server-time"],
    [["/usr/local/bin/tools"], "tools"],
    [["npx"], "npx"],
  ])("of a command: %j", (words, name) => {
    expect(nameOfCommand(words)).toBe(name);
  });

  it("of a URL", () => {
    expect(nameOfUrl(new URL("https://tools.example.com/mcp"))).toBe("tools-example-com");
    expect(nameOfUrl(new URL("http://[::1]:8000/mcp"))).toBe("1-8000");
  });
});
