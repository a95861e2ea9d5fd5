import type { Principal } from "../auth/principal.js";
import { definitionOf, type McpServer } from "../mcp-server.js";
import { MODERN } from "../protocol/revisions/index.js";
import { accessible, judge, judgeEarly } from "../server/access.js";
import type { Entry } from "../server/entries.js";
import type { Peer } from "../server/peer.js";

/** What one caller may do with one entry. */
export interface PermissionCell {
  /** Whether it is in the caller's lists. */
  readonly list: boolean;
  /** Whether a call is allowed; `"args"` when a function decides that for each call, by its arguments. */
  readonly call: "yes" | "no" | "args";
}

/** One tool, resource, template or prompt, and what each caller may do with it. */
export interface PermissionRow {
  readonly kind: "tool" | "resource" | "template" | "prompt";
  /** The name of a tool or prompt, the URI of a resource, the URI template of a template. */
  readonly name: string;
  /** By the name of the principal. */
  readonly cells: Readonly<Record<string, PermissionCell>>;
}

/** What each of several callers may do with everything a server has; as text, a table. */
export interface PermissionMatrix {
  readonly principals: readonly string[];
  readonly rows: readonly PermissionRow[];
  toString(): string;
}

/** Callers by name; what is left out is `{ issuer: "test", subject: name, permissions: [] }`. */
export type NamedPrincipals = Readonly<Record<string, Partial<Principal>>>;

/**
 * Finds out what each caller may list and call, by the decisions that a real call meets, without running a handler. As
 * text it is a table: `yes`, `–`, `args` for what a function of the arguments decides, `listed` for what is in the lists
 * and may not be called (`whenDenied: "listed"`).
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { permissionMatrix } from "holdfast/testing";
 *
 * const mcp = new McpServer({ name: "demo", version: "1.0.0" });
 * mcp.registerTool("cancel_order", { requires: "orders:write" }, () => "done");
 *
 * const matrix = await permissionMatrix(mcp, { viewer: {}, clerk: { permissions: ["orders:*"] } });
 * console.log(`${matrix}`);
 * //                    viewer  clerk
 * // tool cancel_order  –       yes
 * ```
 */
export async function permissionMatrix(server: McpServer, principals: NamedPrincipals): Promise<PermissionMatrix> {
  const names = Object.keys(principals);
  for (const name of names) {
    if (!/^\S+$/.test(name))
      throw new TypeError(`permissionMatrix: the principal ${JSON.stringify(name)} needs a word`);
  }
  const peers = names.map((name) => [name, peerFor(name, principals[name] ?? {})] as const);
  const { tools, resources, templates, prompts } = definitionOf(server).catalogue;
  const rowsOf = <E extends Entry>(
    kind: PermissionRow["kind"],
    entries: readonly E[],
    nameOf: (entry: E) => string,
  ) => {
    return entries.map(async (entry): Promise<PermissionRow> => {
      const cells = await Promise.all(peers.map(async ([name, peer]) => [name, await cellFor(entry, peer)] as const));
      return { kind, name: nameOf(entry), cells: Object.fromEntries(cells) };
    });
  };
  const rows = await Promise.all([
    ...rowsOf("tool", tools.entries, ({ name }) => name),
    ...rowsOf("resource", resources.entries, ({ info }) => info.uri),
    ...rowsOf("template", templates.entries, ({ info }) => info.uriTemplate),
    ...rowsOf("prompt", prompts.entries, ({ name }) => name),
  ]);
  return { principals: names, rows, toString: () => formatTable(tableOf(names, rows)) };
}

/** The caller as `connect` makes it. */
function peerFor(name: string, principal: Partial<Principal>): Peer {
  const client = { info: { name: "holdfast-testing", version: "1.0.0" }, capabilities: {} };
  return {
    revision: MODERN,
    transport: "memory",
    principal: { issuer: "test", subject: name, permissions: [], ...principal },
    client,
    session: undefined,
  };
}

async function cellFor(entry: Entry, peer: Peer): Promise<PermissionCell> {
  const [shown] = await accessible([entry], peer);
  const list = shown !== undefined;
  if (typeof entry.requires === "function") {
    // Whoever may not know of it never gets as far as arguments.
    return { list, call: (await judgeEarly(entry, peer)) === true ? "args" : "no" };
  }
  return { list, call: (await judge(entry, peer, undefined)) === true ? "yes" : "no" };
}

/** A table of texts: names on the left, callers on top. */
export interface PermissionTable {
  readonly principals: readonly string[];
  /** By label; in the order of `principals`. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

const NO = "–";

/** The texts of a matrix. */
export function tableOf(principals: readonly string[], rows: readonly PermissionRow[]): PermissionTable {
  const texts = rows.map(({ kind, name, cells }): [string, readonly string[]] => {
    return [`${kind} ${name}`.replaceAll(/\s+/g, " "), principals.map((one) => textOf(cells[one]))];
  });
  return { principals, rows: new Map(texts) };
}

function textOf(cell: PermissionCell | undefined): string {
  if (cell === undefined) return NO;
  if (cell.call === "no") return cell.list ? "listed" : NO;
  return cell.call;
}

/** The table as text. */
export function formatTable({ principals, rows }: PermissionTable): string {
  return formatLines([["", ...principals], ...[...rows].map(([label, cells]) => [label, ...cells])]).join("\n");
}

/** Cells padded to the widest of their column. */
export function formatLines(lines: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  return lines.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** What a cell may say, and how it may be written where there is no en dash on the keyboard. */
const CELLS: ReadonlyMap<string, string> = new Map([
  ["yes", "yes"],
  ["args", "args"],
  ["listed", "listed"],
  [NO, NO],
  ["-", NO],
  ["no", NO],
]);

/** Reads a table however it is indented. @throws TypeError for a line that is no row. */
export function parseTable(text: string): PermissionTable {
  const [header, ...lines] = text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== "");
  const principals = header ?? [];
  const rows = new Map<string, readonly string[]>();
  for (const words of lines) {
    const label = words.slice(0, -principals.length).join(" ");
    const cells = words.slice(-principals.length).map((word) => CELLS.get(word));
    if (label === "" || !cells.every((cell) => cell !== undefined)) {
      const wanted = `a name and then, for each of ${principals.join(", ")}: ${[...CELLS.keys()].join(", ")}`;
      throw new TypeError(`The table has a line ${JSON.stringify(words.join(" "))}; a line is ${wanted}.`);
    }
    if (rows.has(label)) throw new TypeError(`The table has two lines for ${label}.`);
    rows.set(label, cells);
  }
  return { principals, rows };
}
