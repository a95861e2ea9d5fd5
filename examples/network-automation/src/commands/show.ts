import { NetworkError } from "../errors.js";
import { canonicalInterface } from "./interface-names.js";

/**
 * What may be typed at a device by `run_show_command`: whole commands, where `<kind>` is a checked
 * argument. The text sent is rebuilt from a row of this table, never the text that came in.
 */
export const SHOW_COMMANDS: readonly string[] = [
  "show version",
  "show inventory",
  "show clock",
  "show running-config",
  "show running-config interface <interface>",
  "show interfaces",
  "show interfaces <interface>",
  "show interfaces status",
  "show interfaces description",
  "show ip interface brief",
  "show ip route",
  "show ip route <ip>",
  "show ip arp",
  "show ip arp <ip>",
  "show vlan brief",
  "show vlan id <vlan>",
  "show mac address-table",
  "show mac address-table vlan <vlan>",
  "show mac address-table interface <interface>",
  "show cdp neighbors",
  "show cdp neighbors detail",
  "show lldp neighbors",
  "show spanning-tree",
  "show spanning-tree vlan <vlan>",
  "show etherchannel summary",
  "show ip ospf neighbor",
  "show ip bgp summary",
  "show ntp status",
  "show processes cpu",
  "show environment all",
  "show logging",
];

/** The longest row with its longest argument is under 80. */
export const MAX_COMMAND_LENGTH = 100;
/** Letters, digits and what interface names, addresses and command words are made of. No pipe, no `;`, no quote. */
const PLAIN = /^[A-Za-z0-9 ./:-]+$/;

const ARGUMENTS: Readonly<Record<string, (word: string) => string | undefined>> = {
  "<interface>": canonicalInterface,
  "<vlan>": (word) => (/^[1-9]\d{0,3}$/.test(word) && Number(word) <= 4094 ? word : undefined),
  "<ip>": (word) => (isIpv4(word) ? word : undefined),
};

/** The exact command to send, or an error that shows what can be asked. */
export function parseShowCommand(raw: string): string {
  if (raw.length > MAX_COMMAND_LENGTH) throw refused(`The command is longer than ${MAX_COMMAND_LENGTH} characters.`);
  if (!PLAIN.test(raw)) throw refused("Pipes, separators, redirects, quotes and line breaks are not allowed.");
  // "Gi 1/0/1" is how people say it; the table has it as one word.
  const words = raw
    .trim()
    .replace(/ +/g, " ")
    .replace(/ (\d+(?:\/\d+)+(?:\.\d+)?)$/, "$1")
    .split(" ");
  for (const usage of SHOW_COMMANDS) {
    const command = match(usage.split(" "), words);
    if (command !== undefined) return command;
  }
  throw refused(`"${raw}" is not an allowed read-only command.`);
}

function match(pattern: readonly string[], words: readonly string[]): string | undefined {
  if (pattern.length !== words.length) return undefined;
  const out: string[] = [];
  for (const [index, expected] of pattern.entries()) {
    const word = words[index] ?? "";
    const argument = ARGUMENTS[expected];
    const value = argument === undefined ? keyword(expected, word) : argument(word);
    if (value === undefined) return undefined;
    out.push(value);
  }
  return out.join(" ");
}

function keyword(expected: string, word: string): string | undefined {
  return word.toLowerCase() === expected ? expected : undefined;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function refused(reason: string): NetworkError {
  return new NetworkError("refused", `${reason} Write the words in full. Allowed: ${SHOW_COMMANDS.join("; ")}.`);
}
