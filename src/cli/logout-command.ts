import type { CommandSpec } from "./spec.js";

export const LOGOUT: CommandSpec = {
  name: "logout",
  usage: "URL",
  summary: "Forget the login to a server",
  description: [
    "Removes the tokens that list, call and inspect have kept for this URL. The provider is not told: what was issued stays valid there until it ends.",
  ],
  operands: [{ name: "<url>", doc: "As it was given to the command that logged in" }],
  options: [],
  examples: [{ line: "holdfast logout https://example.com/mcp", doc: "the next call logs in anew" }],
  load: async () => (await import("./logout.js")).logout,
};
