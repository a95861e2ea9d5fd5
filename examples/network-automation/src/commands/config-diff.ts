import type { ConfigNode } from "./config-tree.js";

export interface ConfigChange {
  readonly action: "add" | "remove";
  /** The sections around the line, outermost first. */
  readonly section: readonly string[];
  readonly line: string;
}

/** What `wanted` would change in `running`; empty when the device already has it all. */
export function diffConfig(
  wanted: readonly ConfigNode[],
  running: readonly ConfigNode[],
  section: readonly string[] = [],
): ConfigChange[] {
  return wanted.flatMap((node, index) => {
    if (isUndoneLater(node.line, wanted.slice(index + 1))) return [];
    const removal = removedLine(node.line);
    if (removal !== undefined) {
      return running
        .filter(({ line }) => matches(line, removal))
        .map(({ line }): ConfigChange => ({ action: "remove", section, line }));
    }
    const existing = running.filter((other) => other.line === node.line);
    const own: ConfigChange[] = existing.length === 0 ? [{ action: "add", section, line: node.line }] : [];
    const inside = existing.flatMap(({ children }) => children);
    return [...own, ...diffConfig(node.children, inside, [...section, node.line])];
  });
}

export function describeChange({ action, section, line }: ConfigChange): string {
  return `${action === "add" ? "+" : "-"} ${[...section, line].join(" / ")}`;
}

/** "no ntp server 10.0.0.1" -> "ntp server 10.0.0.1". */
function removedLine(line: string): string | undefined {
  return line.startsWith("no ") ? line.slice(3) : undefined;
}

/**
 * Clearing something and building it anew in one push is common (`no ip access-list …` first). Only the
 * last word on a line counts, before the push and after it.
 */
function isUndoneLater(line: string, later: readonly ConfigNode[]): boolean {
  const removal = removedLine(line);
  return later.some((other) => {
    const otherRemoval = removedLine(other.line);
    if (removal === undefined) return otherRemoval !== undefined && matches(line, otherRemoval);
    return otherRemoval === undefined && matches(other.line, removal);
  });
}

/** IOS removes by prefix: `no description` takes away `description whatever`. */
function matches(line: string, prefix: string): boolean {
  return line === prefix || line.startsWith(`${prefix} `);
}
