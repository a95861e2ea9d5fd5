/** The client programs: where each keeps its servers, and what an entry looks like there. docs/install.md is made from it. */
import { posix, win32 } from "node:path";

export type ClientId = "claude-desktop" | "claude-code" | "cursor" | "vscode" | "windsurf" | "codex";
export type Scope = "user" | "project";
/** `jsonc` is JSON whose reader takes comments and trailing commas. */
export type Format = "json" | "jsonc" | "toml";

/** The system a path is asked for; given, so that every system can be tested on one. */
export interface System {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the project, for files that belong to one. */
  readonly cwd: string;
}

/**
 * How a client names a variable of its own environment in a value: `${NAME}` as shells do, `${env:NAME}` as editors do,
 * in members made for it, or not at all.
 */
export type Reference = "shell" | "editor" | "by-field" | "none";

export interface ClientSpec {
  readonly id: ClientId;
  readonly title: string;
  readonly files: Partial<Readonly<Record<Scope, (system: System) => string>>>;
  readonly format: Format;
  /** The member of the file that holds the servers by their names. */
  readonly key: "mcpServers" | "servers" | "mcp_servers";
  /** Whether an entry says of what kind it is. */
  readonly typed: boolean;
  /** The member for a URL and that for headers; a client without takes commands only. */
  readonly remote?: { readonly url: "url" | "serverUrl"; readonly headers: "headers" | "http_headers" };
  /** What to do with a URL where `remote` is missing. */
  readonly instead?: string;
  readonly reference: Reference;
  /** What makes the client read the file again. */
  readonly reload: string;
  readonly documentation: string;
  /** What the client's own documentation does not say. */
  readonly unconfirmed?: string;
}

const pathOf = ({ platform }: System) => (platform === "win32" ? win32 : posix);
const set = (value: string | undefined): string | undefined => (value?.trim() ? value.trim() : undefined);
const below = (system: System, base: string, ...names: string[]) => pathOf(system).resolve(system.cwd, base, ...names);
const atHome = (system: System, ...names: string[]) => pathOf(system).join(system.home, ...names);
const inProject =
  (...names: string[]) =>
  (system: System) =>
    below(system, system.cwd, ...names);

/** Where desktop programs keep what users set. */
function settings(system: System, ...names: string[]): string {
  const { platform, env } = system;
  const { join, isAbsolute } = pathOf(system);
  if (platform === "win32") return join(set(env.APPDATA) ?? atHome(system, "AppData", "Roaming"), ...names);
  if (platform === "darwin") return atHome(system, "Library", "Application Support", ...names);
  const xdg = set(env.XDG_CONFIG_HOME);
  // The specification of these folders says that a relative one is to be ignored.
  return xdg !== undefined && isAbsolute(xdg) ? join(xdg, ...names) : atHome(system, ".config", ...names);
}

const CLAUDE_DESKTOP: ClientSpec = {
  id: "claude-desktop",
  title: "Claude Desktop",
  files: { user: (system) => settings(system, "Claude", "claude_desktop_config.json") },
  format: "json",
  key: "mcpServers",
  typed: false,
  instead:
    "Add the URL in the program: Settings, Connectors, Add custom connector.\nOr give a command that bridges to it: holdfast install claude-desktop -- npx -y mcp-remote URL",
  reference: "none",
  reload: "Quit Claude Desktop, also in the tray or menu bar, and start it again.",
  documentation: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
  unconfirmed: "the place of the file on Linux, which is documented for macOS and Windows only",
};

const CLAUDE_CODE: ClientSpec = {
  id: "claude-code",
  title: "Claude Code",
  files: {
    user: (system) => {
      const folder = set(system.env.CLAUDE_CONFIG_DIR);
      return folder === undefined ? atHome(system, ".claude.json") : below(system, folder, ".claude.json");
    },
    project: inProject(".mcp.json"),
  },
  format: "json",
  key: "mcpServers",
  typed: true,
  remote: { url: "url", headers: "headers" },
  reference: "shell",
  reload: "Start a new session; servers of a project have to be approved there. /mcp shows them.",
  documentation: "https://code.claude.com/docs/en/mcp",
  unconfirmed:
    "CLAUDE_CONFIG_DIR, and variables in the file of the user: both are known from use, the page speaks of .mcp.json",
};

const CURSOR: ClientSpec = {
  id: "cursor",
  title: "Cursor",
  files: {
    user: (system) => atHome(system, ".cursor", "mcp.json"),
    project: inProject(".cursor", "mcp.json"),
  },
  format: "json",
  key: "mcpServers",
  typed: false,
  remote: { url: "url", headers: "headers" },
  reference: "editor",
  reload: "Restart Cursor, then switch the server on where it lists its MCP servers.",
  documentation: "https://cursor.com/docs/mcp",
  unconfirmed: "whether Cursor reads comments in the file",
};

const VSCODE: ClientSpec = {
  id: "vscode",
  title: "Visual Studio Code",
  files: {
    user: (system) => {
      const portable = set(system.env.VSCODE_PORTABLE);
      return portable === undefined
        ? settings(system, "Code", "User", "mcp.json")
        : below(system, portable, "user-data", "User", "mcp.json");
    },
    project: inProject(".vscode", "mcp.json"),
  },
  format: "jsonc",
  key: "servers",
  typed: true,
  remote: { url: "url", headers: "headers" },
  reference: "editor",
  reload: "Start the server in the list of MCP servers (MCP: List Servers).",
  documentation: "https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
  unconfirmed:
    "the path of the user's file, which the page leaves to the command MCP: Open User Configuration; other profiles have files of their own",
};

const WINDSURF: ClientSpec = {
  id: "windsurf",
  title: "Windsurf",
  files: { user: (system) => atHome(system, ".codeium", "windsurf", "mcp_config.json") },
  format: "json",
  key: "mcpServers",
  typed: false,
  remote: { url: "serverUrl", headers: "headers" },
  reference: "editor",
  reload: "Press Refresh in the list of MCP servers of Cascade.",
  documentation: "https://docs.windsurf.com/windsurf/cascade/mcp",
  unconfirmed: "whether Windsurf reads comments in the file",
};

const CODEX: ClientSpec = {
  id: "codex",
  title: "Codex",
  files: {
    user: (system) => {
      const folder = set(system.env.CODEX_HOME);
      return folder === undefined ? atHome(system, ".codex", "config.toml") : below(system, folder, "config.toml");
    },
    project: inProject(".codex", "config.toml"),
  },
  format: "toml",
  key: "mcp_servers",
  typed: false,
  remote: { url: "url", headers: "http_headers" },
  reference: "by-field",
  reload: "Start a new session; the file of a project is read where the project is trusted. /mcp shows the servers.",
  documentation: "https://developers.openai.com/codex/mcp",
};

export const CLIENTS: readonly ClientSpec[] = [CLAUDE_DESKTOP, CLAUDE_CODE, CURSOR, VSCODE, WINDSURF, CODEX];

/** For the table in docs/install.md: the path with the variables of each system in place of values. */
export function documentedPaths({ files }: ClientSpec): readonly { readonly where: string; readonly path: string }[] {
  const on = (platform: NodeJS.Platform, home: string, env: System["env"]): System => ({
    platform,
    home,
    env,
    cwd: platform === "win32" ? "C:\\" : "/",
  });
  const systems = [
    ["macOS", on("darwin", "~", {})],
    ["Linux", on("linux", "~", {})],
    ["Windows", on("win32", "%USERPROFILE%", { APPDATA: "%APPDATA%" })],
  ] as const;
  const { user, project } = files;
  const paths = user === undefined ? [] : systems.map(([where, system]) => ({ where, path: user(system) }));
  const [macos, linux] = paths;
  const merged =
    macos !== undefined && macos.path === linux?.path
      ? [{ where: "macOS, Linux", path: macos.path }, ...paths.slice(2)]
      : paths;
  if (project === undefined) return merged;
  return [...merged, { where: "project", path: project(on("linux", "~", {})).slice(1) }];
}
