import { type CommandSpec, JSON_OPTION } from "./spec.js";

export const DOCTOR: CommandSpec = {
  name: "doctor",
  usage: "URL | --local FILE [options]",
  summary: "Find out what is wrong between clients and a server, and how to mend it",
  description: [
    "Connects as clients of every revision do and names what a hop in between breaks: buffering, idle cut-offs, lost headers, compression, HTTP/1.0, limits of bodies, certificates, redirects, login metadata, sessions. For each fault: what a client would see, why, and the line of nginx, Caddy or HAProxy that mends it.",
    "With --local it starts a server on stdio, anyone's, as clients of every revision do: what it prints beside messages, how soon and what it answers, in which surroundings it works, how it ends and what it leaves behind. A command comes after --.",
    "Exits with 0 when all is well, 1 for warnings, 2 for errors, 3 when the server cannot be reached or does not start.",
  ],
  operands: [{ name: "[target]", doc: "The MCP endpoint; with --local, a file that exports a server" }],
  options: [
    { flags: "--local", doc: "Examine a server on stdio: a file, or a command after --" },
    { flags: "--direct <url>", doc: "The same endpoint without the proxy: tells whose fault a fault is" },
    { flags: "--check <name>", doc: "Only this kind of check", many: true },
    { flags: "--tool <name>", doc: "A tool that reports progress and may be called, for a streamed answer" },
    { flags: "--origin <origin>", doc: "A web page that is meant to call this server" },
    { flags: "--idle <seconds>", doc: "How long silent streams are watched (40), or an idle process (1)" },
    { flags: "--first-event <seconds>", doc: "A first event that takes longer is held back", default: "3" },
    { flags: "--timeout <seconds>", doc: "Longest wait for an answer", default: "10" },
    { flags: "--header <header>", doc: 'Sent with every request, e.g. "x-api-key: …"', many: true },
    { flags: "--token <token>", doc: "Sent as a bearer token", env: "MCP_TOKEN" },
    { flags: "--verbose", doc: "Show what is sound as well" },
    JSON_OPTION,
  ],
  examples: [
    { line: "holdfast doctor https://tools.example.com/mcp", doc: "about a minute" },
    {
      line: "holdfast doctor https://tools.example.com/mcp --direct http://127.0.0.1:8000/mcp --json",
      doc: "on the server itself, for CI",
    },
    { line: "holdfast doctor --local server.ts", doc: "a server on stdio" },
    { line: "holdfast doctor --local -- npx -y some-server", doc: "anyone's" },
  ],
  rest: true,
  load: async () => (await import("./doctor.js")).doctor,
};
