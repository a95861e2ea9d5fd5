import { RUN_FLAGS } from "./run-flags.js";
import type { CommandSpec } from "./spec.js";

/** Options of `run` that make sense for a server behind the port of `dev`. */
const OF_RUN = /^--(host|port|path|allow-unauthenticated|grace-ms)\b/;

export const DEV: CommandSpec = {
  name: "dev",
  usage: "FILE [options] [-- arguments of the server]",
  summary: "Serve a file while writing it: reload, log of requests, a page to try tools",
  description: [
    "Serves FILE over HTTP and starts it again when it, or a file that it imports, changes. Requests that arrive meanwhile wait for the new server, and the port stays the same. Every request is logged, without secrets.",
    "A page on this machine lists tools, resources and prompts and calls them; its URL, with a key that is new each time, is printed. It needs the official client, @modelcontextprotocol/client.",
    "On a terminal, keys restart the server, open the page and end the command.",
  ],
  operands: [{ name: "<file>", doc: "A .ts, .mts, .js or .mjs file" }],
  options: [
    ...RUN_FLAGS.filter(({ flags }) => OF_RUN.test(flags)),
    { flags: "--export <name>", doc: "Which export is the server, when there are several" },
    { flags: "--open", doc: "Open the page in the browser" },
    { flags: "--no-page", doc: "Serve no page" },
    { flags: "--page-port <port>", doc: "Port of the page; 0 takes a free one", default: "0" },
    { flags: "--header <line>", doc: 'A header of the requests of the page, e.g. "X-Api-Key: …"', many: true },
    { flags: "--token <token>", doc: "The access token of the page", env: "MCP_TOKEN" },
    { flags: "--verbose", doc: "Log arguments and results, shortened, and messages that are left out otherwise" },
    { flags: "--json", doc: "Print a line of JSON for each event, on stdout" },
  ],
  examples: [
    { line: "holdfast dev server.ts", doc: "then edit and call" },
    { line: "holdfast dev server.ts --port 3000 --open", doc: "with the page in the browser" },
    { line: "holdfast dev server.ts --no-page --json | jq .", doc: "for programs" },
  ],
  rest: true,
  load: async () => (await import("./dev.js")).dev,
};
