import { EXIT, usage } from "./errors.js";
import { LoginStore } from "./login-store.js";
import type { Action } from "./spec.js";

/** `holdfast logout URL`. */
export const logout: Action = async ({ operands: [url = ""] }) => {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw usage("logout needs the URL of a server.", "For example: holdfast logout https://example.com/mcp");
  }
  const was = new LoginStore(new URL(url)).forget();
  process.stderr.write(was ? `The login to ${url} is forgotten here.\n` : `There was no login to ${url} here.\n`);
  return EXIT.ok;
};
