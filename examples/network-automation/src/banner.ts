import type { Lab } from "./lab/index.js";

export interface BannerFacts {
  /** Undefined when only stdio is served. */
  readonly url: string | undefined;
  readonly lab: Lab | undefined;
  readonly notes: readonly string[];
  /** Absolute, for clients that start the server themselves. */
  readonly mainFile: string;
}

/** What a newcomer needs after `npm start`: that it runs, how to connect, what to try. */
export function banner({ url, lab, notes, mainFile }: BannerFacts): string {
  const sections = [
    `network-automation is ready${url === undefined ? " on stdio" : ` at ${url}`}`,
    notes.map((note) => `! ${note}`).join("\n"),
    lab === undefined ? "" : labSection(lab),
    url === undefined ? "" : httpSection(url),
    `Claude Desktop (claude_desktop_config.json), over stdio:\n${indent(JSON.stringify(stdioConfig(mainFile), null, 2))}`,
    `First question to try: "Which switches are in Amsterdam, and is port 9 of ams1-acc1 up?"`,
  ];
  return `\n${sections.filter((section) => section !== "").join("\n\n")}\n\n`;
}

function labSection({ netboxUrl, netboxToken, login, devices }: Lab): string {
  const ports = devices.map(({ name, port }) => `${name} (${port})`).join(", ");
  return [
    "No NETBOX_URL is set, so this is the built-in lab: a NetBox API and simulated devices in this process, on 127.0.0.1.",
    `  NetBox   ${netboxUrl}/api/  token ${netboxToken}`,
    `  SSH      user ${login.username}, password ${login.password}, one port per device:`,
    indent(ports, 11),
  ].join("\n");
}

function httpSection(url: string): string {
  const call = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "query_netbox", arguments: { endpoint: "dcim/devices", params: { site: "ams1", brief: "true" } } },
  };
  const python = [
    "import asyncio",
    "from mcp import ClientSession",
    "from mcp.client.streamable_http import streamable_http_client",
    "",
    "async def main():",
    `    async with streamable_http_client("${url}") as (read, write):`,
    "        async with ClientSession(read, write) as session:",
    "            await session.initialize()",
    '            print(await session.call_tool("run_show_command", {"device": "ams1-rtr1", "command": "show ip interface brief"}))',
    "",
    "asyncio.run(main())",
  ];
  return [
    `Claude Code:\n  claude mcp add --transport http network-automation ${url}`,
    `curl:\n  curl -s ${url} -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' \\\n    -d '${JSON.stringify(call)}'`,
    `Python (the mcp package, version 2):\n${indent(python.join("\n"))}`,
  ].join("\n\n");
}

function stdioConfig(mainFile: string): object {
  // The stdio client starts the server wherever it likes, so everything is absolute.
  const tsx = import.meta.resolve("tsx");
  const command = { command: process.execPath, args: ["--import", tsx, mainFile], env: { MCP_TRANSPORT: "stdio" } };
  return { mcpServers: { "network-automation": command } };
}

function indent(text: string, columns = 2): string {
  return text.replace(/^(?=.)/gm, " ".repeat(columns));
}
