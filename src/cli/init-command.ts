import { type CommandSpec, JSON_OPTION } from "./spec.js";

/** Repeated from src/init, which is loaded when the command is called; a test holds them together. */
const TEMPLATES = ["basic", "http"];

export const INIT: CommandSpec = {
  name: "init",
  usage: "[DIRECTORY] [options]",
  summary: "Make a project that passes its own tests",
  description: [
    "A server with two tools, a resource and a prompt, and tests of it over every protocol revision and transport. On a terminal, what is not given is asked for.",
    "The project depends on the copy of the package that runs: by its version where that came from a registry, else by a file in vendor/.",
  ],
  operands: [{ name: "[directory]", doc: "Where the project goes; by default here. It must be empty, or not there" }],
  options: [
    { flags: "--name <name>", doc: "Of the package, as npm takes it; by default that of the directory" },
    {
      flags: "--template <name>",
      doc: "`basic`: one file; `http`: API keys, a durable store, files for systemd and Docker",
      choices: TEMPLATES,
      default: "basic",
    },
    { flags: "--no-install", doc: "Write package-lock.json, and install nothing" },
    {
      flags: "--holdfast <spec>",
      doc: "What to depend on instead: a version, a range, a file or a URL, as npm takes it",
    },
    { flags: "--force", doc: "Also in a directory that is not empty; files that are there are kept" },
    JSON_OPTION,
  ],
  examples: [
    { line: "holdfast init notes", doc: "a project in the folder notes" },
    { line: "holdfast init notes --template http --name @acme/notes", doc: "for the network, under another name" },
  ],
  load: async () => (await import("./init.js")).init,
};
