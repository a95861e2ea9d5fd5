import { CONNECTION_OPTIONS, TARGET } from "./connection-options.js";
import type { CommandSpec } from "./spec.js";

export const CALL: CommandSpec = {
  name: "call",
  usage: "TARGET TOOL [key=value…] [options]",
  summary: "Call a tool",
  description: [
    "Arguments are key=value; the tool's schema says what is a number, a boolean or a list. a.b=1 sets a member of an object, key:=JSON gives a value as JSON, and '{…}' all of them at once; - reads such an object from stdin. A key that comes several times makes a list.",
    "On a terminal, what is missing is asked for, and what the tool asks is passed on to you: forms, pages to open, and requests for a model's answer, which you may give yourself. Progress is shown on a terminal only.",
    "Text and structured results are printed; images, audio and other bytes are written to files with --out.",
  ],
  operands: [TARGET, { name: "[words...]", doc: "The name of the tool, then its arguments" }],
  options: [
    { flags: "--out <folder>", doc: "Write images, audio and binary resources of the result there" },
    { flags: "--no-input", doc: "Never ask, also on a terminal" },
    { flags: "--root <folder>", doc: "A folder that the server is told of when it asks for roots", many: true },
    ...CONNECTION_OPTIONS,
    { flags: "--json", doc: "Print the whole result as JSON; files are written with --out as well" },
  ],
  examples: [
    { line: "holdfast call server.ts add a=2 b=3", doc: "numbers, because the schema says so" },
    {
      line: "holdfast call http://127.0.0.1:8000/mcp search query=hammer filter.limit:=5",
      doc: "a member of an object, as JSON",
    },
    { line: `holdfast call server.ts add --json '{"a":2,"b":3}'`, doc: "JSON in, JSON out" },
    {
      line: "holdfast call screenshot url=https://example.com --out shots -- npx -y some-server",
      doc: "a command; its images go to shots/",
    },
  ],
  rest: true,
  load: async () => (await import("./call.js")).call,
};
