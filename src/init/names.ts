/** Names of packages as npm takes them, and names of services made from them. */
import { builtinModules } from "node:module";
import { VERSIONS } from "./versions.js";

/** npm's own bound. */
const MAX_NAME = 214;
const PART = "[a-z0-9~-][a-z0-9._~-]*";
const NAME = new RegExp(`^(?:@${PART}/)?${PART}$`);
/** What deploy takes for the name of a service. */
const MAX_SERVICE = 48;
/** A package cannot depend on one of its own name. */
const TAKEN: ReadonlySet<string> = new Set(["holdfast", ...Object.keys(VERSIONS)]);

/** Why npm would not take the name; undefined when it does. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > MAX_NAME) return `it is longer than ${MAX_NAME} characters`;
  if (/[A-Z]/.test(name)) return "it has capital letters";
  if (!NAME.test(name)) {
    return "a name has lower case letters, digits, - . _ ~, begins with none of . _, and may have a scope: @acme/notes";
  }
  if (name === "node_modules" || name === "favicon.ico") return "npm keeps it for itself";
  if (builtinModules.includes(name)) return "a module of Node has it";
  if (TAKEN.has(name)) return "the project depends on a package of this name";
  return undefined;
}

/** A name for a folder called so, or undefined where none can be made. */
export function nameFor(folder: string): string | undefined {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, "-")
    .replaceAll(/^[-._~]+|[-._~]+$/g, "");
  return nameProblem(name) === undefined ? name : undefined;
}

/** Of the systemd unit, the container and the MCP server: the name without its scope, in letters, digits and `-`. */
export function serviceName(name: string): string {
  const plain = (name.split("/").at(-1) ?? name).replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  // Begins with a letter, and is no word that YAML takes for something else.
  const safe = /^[a-z]/.test(plain) && !/^(?:true|false|null|yes|no|on|off|y|n)$/.test(plain) ? plain : `mcp-${plain}`;
  return safe.slice(0, MAX_SERVICE).replace(/-+$/, "");
}
