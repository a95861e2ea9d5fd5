import { NetworkError } from "../errors.js";
import { type ConfigNode, parseConfig } from "./config-tree.js";

/** A change a person can still read before confirming it. */
export const MAX_CONFIG_LINES = 200;
/** IOS itself cuts lines at 254. */
export const MAX_CONFIG_LINE_LENGTH = 240;

/**
 * Words no pushed line may start with (also after `no` or `default`), each with the reason. Abbreviations
 * count: IOS takes `relo` for `reload`, so any beginning of one of these words is refused too.
 *
 * This keeps a model from accidents. It is not a sandbox: what an account may do is decided by the
 * device (command authorization on the AAA server), and that is where the real boundary belongs.
 */
const DENIED: Readonly<Record<string, string>> = {
  reload: "restarts the device",
  erase: "erases storage",
  write: "erases or overwrites the startup configuration",
  delete: "deletes files",
  format: "formats storage",
  squeeze: "alters flash storage",
  copy: "moves files and configurations",
  do: "runs exec commands such as reload",
  "do-exec": "runs exec commands such as reload",
  end: "leaves configuration mode; sections are closed for you",
  configure: "configuration mode is entered for you",
  boot: "changes what the device starts",
  "config-register": "changes how the device starts",
  tclsh: "runs scripts",
  event: "installs scripts that run later",
  kron: "schedules commands",
  macro: "expands to unseen commands",
  alias: "gives commands other names",
  banner: "reads the following lines as text",
  hostname: "would part the device from its inventory name",
  crypto: "manages keys",
  menu: "installs command menus",
  exec: "runs exec commands",
};

/** Whole lines: most would lock everybody out, this server included. */
const DENIED_LINES: readonly (readonly [RegExp, string])[] = [
  [/^(?:no|default) (?:aaa|username|line)\b/i, "removes the accounts or lines used to log in"],
  [/^(?:no|default) ip ssh\b/i, "turns off SSH"],
  [/^transport input (?!.*\b(?:ssh|all)\b)/i, "turns off SSH on the terminal lines"],
  [/^interface range\b/i, "a range cannot be compared with the running configuration; write each interface"],
];

/** Printable ASCII. Control characters are keys to a terminal (Ctrl-Z leaves configuration mode, Tab completes). */
const TYPEABLE = /^[\x20-\x7e]*$/;

/** The parsed change, or an error naming the first line that is not acceptable. */
export function parseConfigLines(lines: readonly string[]): ConfigNode[] {
  if (lines.length > MAX_CONFIG_LINES) {
    throw new NetworkError("invalid", `At most ${MAX_CONFIG_LINES} lines in one push; split the change.`);
  }
  for (const [index, line] of lines.entries()) assertLine(line, index + 1);
  const nodes = parseConfig(lines, "typed");
  if (nodes.length === 0)
    throw new NetworkError("invalid", 'There is nothing to configure: "lines" has only comments or blanks.');
  return nodes;
}

function assertLine(line: string, number: number): void {
  const refuse = (reason: string): never => {
    throw new NetworkError(
      "refused",
      `Line ${number} ("${printable(line)}") is not allowed: ${reason}. Nothing was sent to any device.`,
    );
  };
  if (line.length > MAX_CONFIG_LINE_LENGTH) refuse(`longer than ${MAX_CONFIG_LINE_LENGTH} characters`);
  if (!TYPEABLE.test(line))
    refuse("control characters and non-ASCII text cannot be typed at a device; give one command per element");
  const text = line.trim().replace(/ +/g, " ");
  if (text === "" || text.startsWith("!") || text === "exit") return;
  if (text.includes("?")) refuse('"?" asks the device for help instead of configuring');
  if (/[|;]/.test(text) && !/^(?:description|name|remark) /i.test(text))
    refuse("pipes and separators are not configuration");
  const command = text.replace(/^(?:(?:no|default) )+/i, "");
  const word = (command.split(" ", 1)[0] ?? "").toLowerCase();
  if (isAbbreviation(word, "exit")) refuse('write "exit" in full');
  for (const [denied, reason] of Object.entries(DENIED)) {
    if (isAbbreviation(word, denied)) refuse(`"${denied}" ${reason}`);
  }
  for (const [pattern, reason] of DENIED_LINES) {
    if (pattern.test(text)) refuse(reason);
  }
}

function isAbbreviation(word: string, full: string): boolean {
  return word !== "" && full.startsWith(word);
}

function printable(line: string): string {
  return line.slice(0, 80).replace(/[^\x20-\x7e]/g, "·");
}
