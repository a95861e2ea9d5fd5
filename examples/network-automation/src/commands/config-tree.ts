import { canonicalInterface } from "./interface-names.js";

/** One configuration line and the lines that belong to it. */
export interface ConfigNode {
  readonly line: string;
  readonly children: ConfigNode[];
}

/**
 * Lines that open a section of their own. Needed for input written without indentation, where only
 * the words tell that `description x` belongs to the `interface` above it.
 */
const OPENERS: readonly RegExp[] = [
  /^interface \S/,
  /^vlan [\d,-]+$/,
  /^router \S/,
  /^line (?:con|console|vty|aux)\b/,
  /^ip access-list \S/,
  /^ip vrf \S/,
  /^vrf definition \S/,
  /^ip dhcp pool \S/,
  /^route-map \S/,
  /^class-map \S/,
  /^policy-map \S/,
  /^(?:tacacs|radius) server \S/,
  /^address-family \S/,
  /^class \S/,
];

/** These open a section only inside another one. */
const NESTED = /^(?:address-family|class) /;

export function opensSection(line: string): boolean {
  return OPENERS.some((pattern) => pattern.test(line));
}

/** One spelling per line, so that what was asked and what the device shows can be compared. */
export function canonicalLine(line: string): string {
  const words = line.trim().replace(/\s+/g, " ");
  const named = /^((?:no |default )?interface) (\S+?) ?([\d/.]+)$/i.exec(words);
  const name = named === null ? undefined : canonicalInterface(`${named[2]}${named[3]}`);
  return named === null || name === undefined ? words : `${named[1]?.toLowerCase()} ${name}`;
}

interface Open {
  readonly indent: number;
  readonly node: ConfigNode;
  /** Where its first child stands; undefined until there is one. */
  childIndent: number | undefined;
}

/** "shown": `show running-config`, where indentation says everything. "typed": what people paste. */
export type ConfigStyle = "shown" | "typed";

/**
 * A line belongs to the section above it when it is indented deeper; in typed text without indentation,
 * until `exit`, `!` or the next section.
 */
export function parseConfig(lines: readonly string[], style: ConfigStyle): ConfigNode[] {
  const root: ConfigNode[] = [];
  const open: Open[] = [];
  for (const raw of lines) {
    const text = raw.trimEnd();
    const line = canonicalLine(text);
    if (line === "") continue;
    if (line === "exit") {
      leaveSection(open);
      continue;
    }
    const indent = text.length - text.trimStart().length;
    if (line.startsWith("!")) {
      if (indent === 0) open.length = 0;
      continue;
    }
    while (!belongs(line, indent, open.at(-1), style)) open.pop();
    const parent = open.at(-1);
    if (parent !== undefined) parent.childIndent ??= indent;
    const node: ConfigNode = { line, children: [] };
    (parent?.node.children ?? root).push(node);
    open.push({ indent, node, childIndent: undefined });
  }
  return root;
}

function leaveSection(open: Open[]): void {
  const isLeaf = ({ node }: Open): boolean => node.children.length === 0 && !opensSection(node.line);
  for (let last = open.at(-1); last !== undefined && isLeaf(last); last = open.at(-1)) open.pop();
  open.pop();
}

function belongs(line: string, indent: number, section: Open | undefined, style: ConfigStyle): boolean {
  if (section === undefined) return true;
  if (indent > section.indent) return true;
  if (indent < section.indent || style === "shown") return false;
  // Same column: a child only in flat text, where the section has no indented children.
  const flat = section.childIndent === undefined || section.childIndent === section.indent;
  if (!flat || !opensSection(section.node.line)) return false;
  return !opensSection(line) || (NESTED.test(line) && !NESTED.test(section.node.line));
}
