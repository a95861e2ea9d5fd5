/** Every command: what it is called, takes and does. What does the work is loaded when the command is called. */
import { CALL } from "./call-command.js";
import { CONNECTION_OPTIONS, TARGET } from "./connection-options.js";
import { DEV } from "./dev-command.js";
import { DOCTOR } from "./doctor-command.js";
import { INIT } from "./init-command.js";
import { INSTALL } from "./install-command.js";
import { LOGOUT } from "./logout-command.js";
import { RUN_FLAGS } from "./run-flags.js";
import { type CommandSpec, JSON_OPTION } from "./spec.js";

export { EXIT_MEANINGS } from "./errors.js";

const RUN: CommandSpec = {
  name: "run",
  usage: "FILE [options] [-- arguments of the server]",
  summary: "Serve the server that a file exports",
  description: [
    "Imports FILE and serves its default export, or the one McpServer that it exports under a name. TypeScript needs no build step: tsx is used where it is installed.",
    "A file that calls run() itself is served by that call; the options reach it as environment variables, so what it passes to run() comes first.",
  ],
  operands: [{ name: "<file>", doc: "A .ts, .mts, .js or .mjs file" }],
  options: [
    ...RUN_FLAGS,
    { flags: "--export <name>", doc: "Which export is the server, when there are several" },
    {
      flags: "--reload",
      doc: "Start again when the file, or one that it imports, changes; calls in flight may end first (HTTP only)",
    },
    {
      flags: "--json",
      doc: "Print the URL as a line of JSON when the server is ready (not on stdio, where stdout carries the protocol)",
    },
  ],
  examples: [
    { line: "holdfast run server.ts", doc: "over stdio, for a client that starts it" },
    {
      line: "holdfast run server.ts --transport http --port 3000 --reload",
      doc: "over HTTP, started again at every change",
    },
    {
      line: "MCP_TRANSPORT=http holdfast run server.ts -- --verbose",
      doc: "the environment works too; --verbose is for the server",
    },
  ],
  rest: true,
  load: async () => (await import("./run.js")).run,
};

const LIST: CommandSpec = {
  name: "list",
  usage: "TARGET [options]",
  summary: "List the tools, resources and prompts of a server",
  description: [
    "Lists what this caller may see, with the arguments of the tools: a `?` marks those that may be left out.",
  ],
  operands: [TARGET],
  options: [...CONNECTION_OPTIONS, JSON_OPTION],
  examples: [
    { line: "holdfast list server.ts", doc: "a file, started over stdio" },
    { line: "holdfast list http://127.0.0.1:8000/mcp", doc: "a URL" },
    { line: "holdfast list -- npx -y some-server --flag", doc: "a command" },
    { line: "holdfast list https://example.com/mcp --json | jq '.tools[].name'", doc: "for programs" },
  ],
  rest: true,
  load: async () => (await import("./list.js")).list,
};

const INSPECT: CommandSpec = {
  name: "inspect",
  usage: "TARGET [options]",
  summary: "Show everything a server offers",
  description: [
    "Protocol revisions, transports, what it says about authentication, capabilities, and each tool, resource and prompt with its details. It shows what this caller may see; what a tool requires is known to the server only.",
  ],
  operands: [TARGET],
  options: [...CONNECTION_OPTIONS, JSON_OPTION],
  examples: [
    { line: "holdfast inspect http://127.0.0.1:8000/mcp", doc: "a server that runs" },
    {
      line: "MCP_TOKEN=… holdfast inspect https://example.com/mcp --revision legacy",
      doc: "as an older client sees it",
    },
  ],
  rest: true,
  load: async () => (await import("./inspect.js")).inspect,
};

const KEYS: CommandSpec = {
  name: "keys",
  usage: "seal | api",
  summary: "Make secrets and API keys",
  description: ["Random values of 256 bits. Nothing is stored: what is printed is all there is."],
  operands: [],
  options: [],
  examples: [],
  commands: [
    {
      name: "seal",
      usage: "[options]",
      summary: "A secret for MCP_SECRET",
      description: [
        "Sessions survive a restart when MCP_SECRET stays the same. To rotate, put the new one in front: MCP_SECRET=new,old.",
      ],
      operands: [],
      options: [JSON_OPTION],
      examples: [{ line: 'export MCP_SECRET="$(holdfast keys seal)"', doc: "for this shell" }],
      load: async () => (await import("./keys.js")).seal,
    },
    {
      name: "api",
      usage: "[options]",
      summary: "An API key, and what stands for it in the server's configuration",
      description: [
        "The key is for the caller, the hash for apiKeys({ keys: [{ hash, … }] }): who reads the configuration cannot call.",
      ],
      operands: [],
      options: [
        { flags: "--name <name>", doc: "Who will hold the key: goes into the entry as `subject`" },
        JSON_OPTION,
      ],
      examples: [{ line: "holdfast keys api --name night-shift", doc: "a key, its hash, and the entry to paste" }],
      load: async () => (await import("./keys.js")).api,
    },
  ],
};

const DEPLOY: CommandSpec = {
  name: "deploy",
  usage: "TARGET --name NAME --public-url URL [options]",
  summary: "Write configuration for systemd, nginx, Caddy, HAProxy, Docker or Kubernetes",
  description: [
    "Commented files for the server at hand, with its paths, timeouts and limits: to be reviewed, then put where they belong. They go to stdout, or to files below --out.",
  ],
  operands: [{ name: "[target]", doc: "systemd, nginx, caddy, haproxy, docker or kubernetes" }],
  options: [
    { flags: "--name <name>", doc: "Of the service: lower case letters, digits and -" },
    { flags: "--public-url <url>", doc: "What clients use, without the path of the endpoint" },
    { flags: "--host <address>", doc: "Where the server listens behind the proxy", default: "127.0.0.1" },
    { flags: "--port <port>", doc: "Where the server listens behind the proxy", default: "8000" },
    { flags: "--path <path>", doc: "Path of the MCP endpoint", default: "/mcp" },
    { flags: "--command <words>", doc: "Program and arguments", default: "/usr/bin/node dist/main.js" },
    { flags: "--working-directory <folder>", doc: "Where it is installed" },
    { flags: "--user <name>", doc: "Account of the service; by default systemd makes one" },
    { flags: "--auth <kind>", doc: "How callers prove who they are", choices: ["none", "keys", "oauth"] },
    { flags: "--store <folder>", doc: "Directory of an LMDB store" },
    { flags: "--certificate <file>", doc: "Certificate chain of the proxy, PEM" },
    { flags: "--key <file>", doc: "Private key of the proxy, PEM" },
    { flags: "--grace-ms <ms>", doc: "What run() gives calls in flight when it stops" },
    { flags: "--keep-alive-ms <ms>", doc: "limits.keepAliveMs of the server" },
    { flags: "--idle-timeout-ms <ms>", doc: "How long the proxy waits for a server that says nothing" },
    { flags: "--max-body-bytes <bytes>", doc: "limits.maxBodyBytes of the server" },
    { flags: "--image <image>", doc: "Container image" },
    { flags: "--replicas <count>", doc: "Processes that are to run" },
    { flags: "--out <folder>", doc: "Write files there instead of to stdout" },
    { flags: "--force", doc: "Write over files that are there" },
    JSON_OPTION,
  ],
  examples: [
    {
      line: "holdfast deploy nginx --name tools --public-url https://tools.example.com > tools.conf",
      doc: "a site for nginx",
    },
    {
      line: "holdfast deploy systemd --name tools --public-url https://tools.example.com --store /var/lib/tools/store --out .",
      doc: "a hardened unit, with a durable store",
    },
  ],
  load: async () => (await import("./deploy.js")).deploy,
};

export const COMMANDS: readonly CommandSpec[] = [
  INIT,
  DEV,
  RUN,
  LIST,
  CALL,
  INSPECT,
  LOGOUT,
  INSTALL,
  KEYS,
  DEPLOY,
  DOCTOR,
];
