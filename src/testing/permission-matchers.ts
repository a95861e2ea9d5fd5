import type { McpServer } from "../mcp-server.js";
import {
  formatLines,
  formatTable,
  type NamedPrincipals,
  type PermissionTable,
  parseTable,
  permissionMatrix,
  tableOf,
} from "./permission-matrix.js";

/** What a matcher answers, in Vitest as in Jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * Matchers for `expect.extend`, of Vitest and of Jest.
 *
 * `await expect(mcp).toHavePermissions(principals, table)` compares what each caller may do (`permissionMatrix`) with a
 * table: names on the left, callers on top. Order and white space do not matter, `-` and `no` stand for `–`. What the
 * server has and the table has not is a difference: a tool that was added must be looked at.
 *
 * @example
 * ```ts
 * expect.extend(holdfastMatchers);
 * await expect(mcp).toHavePermissions(
 *   { viewer: { permissions: ["orders:read"] }, clerk: { permissions: ["orders:*"] } },
 *   `
 *                        viewer  clerk
 *     tool list_orders   yes     yes
 *     tool cancel_order  -       yes
 *   `,
 * );
 * ```
 */
export const holdfastMatchers: {
  toHavePermissions(received: unknown, principals: NamedPrincipals, table: string): Promise<MatcherResult>;
} = {
  async toHavePermissions(received, principals, table) {
    const wanted = parseTable(table);
    const matrix = await permissionMatrix(received as McpServer, principals);
    const actual = tableOf(matrix.principals, matrix.rows);
    const difference = differenceOf(wanted, actual);
    return {
      pass: difference === undefined,
      message: () => {
        const same = "The permissions are those of the table, and were expected to be others.";
        return `${difference ?? same}\n\nThe table of the server:\n\n${formatTable(actual)}\n`;
      },
    };
  },
};

/** How they differ, in lines to read; undefined when they do not. */
function differenceOf(wanted: PermissionTable, actual: PermissionTable): string | undefined {
  const { principals } = actual;
  const sameCallers = [...wanted.principals].sort().join(" ") === [...principals].sort().join(" ");
  if (!sameCallers) {
    return `The table is of ${wanted.principals.join(", ")}; the principals are ${principals.join(", ")}.`;
  }
  const order = principals.map((name) => wanted.principals.indexOf(name));
  const lines: (readonly string[])[] = [];
  let rows = 0;
  for (const label of new Set([...actual.rows.keys(), ...wanted.rows.keys()])) {
    const is = actual.rows.get(label);
    const cells = wanted.rows.get(label);
    const should = cells && order.map((at) => cells[at] ?? "");
    if (is?.join() === should?.join()) continue;
    rows += 1;
    if (should !== undefined)
      lines.push([`- ${label}`, ...should, ...(is === undefined ? ["(the server has none)"] : [])]);
    if (is !== undefined) lines.push([`+ ${label}`, ...is, ...(should === undefined ? ["(not in the table)"] : [])]);
  }
  if (rows === 0) return undefined;
  const text = formatLines([["", ...principals], ...lines]).join("\n");
  return `The permissions differ from the table in ${rows} ${rows === 1 ? "row" : "rows"} (- table, + server):\n\n${text}`;
}

declare global {
  // Read by `expect` of Vitest and of Jest alike, and nothing where neither is installed.
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: declarations of one interface must have the same parameters
    interface Matchers<R, T = {}> {
      /** Compares what each caller may do with a table; see `holdfastMatchers`. */
      toHavePermissions(principals: NamedPrincipals, table: string): Promise<void>;
    }
  }
}
