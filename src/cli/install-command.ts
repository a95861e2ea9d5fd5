import { type CommandSpec, JSON_OPTION } from "./spec.js";

export const INSTALL: CommandSpec = {
  name: "install",
  usage: "[CLIENT TARGET] [options]",
  summary: "Put a server into the configuration of Claude, Cursor, VS Code, Windsurf or Codex",
  description: [
    "Without a client: lists the clients, and the file of each on this system.",
    "The file is changed at this one entry and nowhere else; comments and spaces stay. What was there before is kept beside it. `--remove` takes the entry out again, and the file is as it was.",
    `A value may name a variable of the client's environment, \`\${env:NAME}\`, so that no secret is in the file; it is written as the client has it.`,
  ],
  operands: [
    { name: "[client]", doc: "claude-desktop, claude-code, cursor, vscode, windsurf or codex" },
    {
      name: "[target]",
      doc: "A file that exports a server, or a URL. A command that starts one comes after `--` instead.",
    },
  ],
  options: [
    { flags: "--name <name>", doc: "Of the server in the client; by default made from the target" },
    { flags: "--env <pair>", doc: "A variable of the server's environment, KEY=value", many: true },
    { flags: "--header <line>", doc: 'A header of every request to a URL, e.g. "X-Tenant: acme"', many: true },
    {
      flags: "--scope <scope>",
      doc: "For all projects of the user, or the file of this project",
      choices: ["user", "project"],
      default: "user",
    },
    { flags: "--config <file>", doc: "Another file of the client, e.g. of another profile" },
    { flags: "--dry-run", doc: "Show the change, and change nothing" },
    { flags: "--remove", doc: "Take the server out" },
    { flags: "--force", doc: "Replace a server of the same name without asking" },
    JSON_OPTION,
  ],
  examples: [
    { line: "holdfast install claude-desktop server.ts", doc: "a file" },
    {
      line: `holdfast install cursor https://example.com/mcp --header 'Authorization: Bearer \${env:TOKEN}'`,
      doc: "a URL, with a token that is not in the file",
    },
    { line: "holdfast install codex --name files -- npx -y some-server", doc: "a command" },
    { line: "holdfast install vscode server.ts --scope project --dry-run", doc: "what would be changed" },
    { line: "holdfast install claude-desktop server.ts --remove", doc: "and out again" },
  ],
  rest: true,
  load: async () => (await import("./install.js")).install,
};
