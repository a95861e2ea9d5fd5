/** The table of who may do what, and the matcher that holds a server to it. */
import { beforeAll, describe, expect, test } from "vitest";
import { McpServer, ResourceTemplate } from "../../src/index.js";
import { connect, holdfastMatchers, permissionMatrix } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";

beforeAll(() => {
  expect.extend(holdfastMatchers);
});

const principals = {
  nobody: {},
  viewer: { permissions: ["orders:read"] },
  editor: { permissions: ["orders:*"] },
  admin: { permissions: ["*"], roles: ["admin"] },
};

let ran = 0;
const run = () => {
  ran += 1;
  return "ran";
};

function createServer(): McpServer {
  const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { logger: silentLogger });
  mcp.registerTool("help", {}, run);
  mcp.registerTool("list_orders", { requires: "orders:read" }, run);
  mcp.registerTool("cancel_order", { requires: ["orders:read", "orders:write"] }, run);
  mcp.registerTool("refund", { requires: { anyOf: ["orders:refund", "money:refund"] }, whenDenied: "listed" }, run);
  mcp.registerTool("own_order", { requires: (_, args) => args !== undefined }, run);
  mcp.registerTool("audit", { visible: async ({ principal }) => principal.roles?.includes("admin") === true }, run);
  mcp.registerTool(
    "guarded",
    { visible: ({ principal }) => principal.subject === "viewer", requires: () => true },
    run,
  );
  mcp.registerTool("off", { enabled: false } as object, run);
  const read = (uri: URL) => ({ contents: [{ uri: uri.href, text: run() }] });
  mcp.registerResource("config", "config://app", { requires: "config:read" }, read);
  const list = () => ({ resources: [{ name: run(), uri: "order://1" }] });
  mcp.registerResource("order", new ResourceTemplate("order://{id}", { list }), { requires: "orders:read" }, read);
  mcp.registerPrompt("summary", { requires: async () => Promise.reject(new Error("no")) }, () => ({ messages: [] }));
  return mcp;
}

const TABLE = `
                         nobody  viewer  editor  admin
  tool help              yes     yes     yes     yes
  tool list_orders       –       yes     yes     yes
  tool cancel_order      –       –       yes     yes
  tool refund            listed  listed  yes     yes
  tool own_order         args    args    args    args
  tool audit             –       –       –       yes
  tool guarded           –       args    –       –
  resource config://app  –       –       –       yes
  template order://{id}  –       yes     yes     yes
  prompt summary         args    args    args    args
`;
const withoutIndent = (text: string) => text.replaceAll(/^ {2}/gm, "").replace(/^\n/, "").trimEnd();

test("is a table of everything, and no handler ran for it", async () => {
  const matrix = await permissionMatrix(createServer(), principals);
  expect(`${matrix}`).toBe(withoutIndent(TABLE));
  expect(ran).toBe(0);
  expect(matrix.rows[3]).toEqual({
    kind: "tool",
    name: "refund",
    cells: {
      nobody: { list: true, call: "no" },
      viewer: { list: true, call: "no" },
      editor: { list: true, call: "yes" },
      admin: { list: true, call: "yes" },
    },
  });
});

test("says what lists and calls of the pipeline say", async () => {
  const mcp = createServer();
  const matrix = await permissionMatrix(mcp, principals);
  for (const [name, principal] of Object.entries(principals)) {
    const client = await connect(mcp, { principal: { subject: name, ...principal } });
    const tools = matrix.rows.filter(({ kind }) => kind === "tool");
    const listed = tools.filter(({ cells }) => cells[name]?.list).map((row) => row.name);
    expect((await client.listTools()).map((tool) => tool.name)).toEqual(listed);
    for (const { name: tool, cells } of tools) {
      const result = await client.callTool(tool).catch(() => ({ isError: true }));
      const call = cells[name]?.call;
      if (call !== "args") expect([tool, result.isError !== true]).toEqual([tool, call === "yes"]);
    }
    const denied = matrix.rows.filter(({ kind, cells }) => kind === "resource" && cells[name]?.call === "no");
    for (const { name: uri } of denied) await expect(client.readResource(uri)).rejects.toThrow(/denied/);
    await client.close();
  }
});

test.each([["two words"], [""]])("the principal %j has no column", async (name) => {
  await expect(permissionMatrix(createServer(), { [name]: {} })).rejects.toThrow(TypeError);
});

describe("toHavePermissions", () => {
  test("accepts the table however it is written", async () => {
    const mcp = createServer();
    await expect(mcp).toHavePermissions(principals, TABLE);
    const [header = "", ...rows] = withoutIndent(TABLE).split("\n");
    const loose = [header, ...rows.reverse()].join("\n\n").replaceAll(/ +/g, "\t").replaceAll("–", "-");
    await expect(mcp).toHavePermissions(principals, loose);
    const swapped = { admin: principals.admin, nobody: principals.nobody };
    const picked = rows.map((row) => {
      const words = row.split(/ +/);
      return [...words.slice(0, 2), words[2], words[5]].join(" ");
    });
    await expect(mcp).toHavePermissions(swapped, ["nobody admin", ...picked].join("\n"));
    await expect(mcp).not.toHavePermissions(principals, TABLE.replace("listed", "yes   "));
  });

  test("shows the rows that differ, and the table to take over", async () => {
    const wrong = TABLE.replace("tool cancel_order      –       –  ", "tool cancel_order      –       yes")
      .replace(/ {2}tool audit.*\n/, "")
      .replace("prompt summary", "prompt gone   ");
    const failure = await expect(createServer())
      .toHavePermissions(principals, wrong)
      .then(
        () => "no failure",
        (error: Error) => error.message,
      );
    expect(failure).toBe(
      [
        "The permissions differ from the table in 4 rows (- table, + server):",
        "",
        "                     nobody  viewer  editor  admin",
        "- tool cancel_order  –       yes     yes     yes",
        "+ tool cancel_order  –       –       yes     yes",
        "+ tool audit         –       –       –       yes    (not in the table)",
        "+ prompt summary     args    args    args    args   (not in the table)",
        "- prompt gone        args    args    args    args   (the server has none)",
        "",
        "The table of the server:",
        "",
        withoutIndent(TABLE),
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["other callers", "nobody viewer\n tool help yes yes", "The table is of nobody, viewer"],
    ["a cell that says something else", TABLE.replace("listed", "maybe"), 'a line "tool refund maybe'],
    ["a line that is too short", `${TABLE}\n yes yes`, 'a line "yes yes"'],
    ["one row twice", `${TABLE}\n tool help yes yes yes yes`, "two lines for tool help"],
    ["nothing", "", "The table is of"],
  ])("says what is wrong with %s", async (_what, table, message) => {
    await expect(expect(createServer()).toHavePermissions(principals, table)).rejects.toThrow(message);
  });

  test("is for servers, and has a message for `not`", async () => {
    await expect(expect({}).toHavePermissions(principals, TABLE)).rejects.toThrow("not a Holdfast McpServer");
    await expect(expect(createServer()).not.toHavePermissions(principals, TABLE)).rejects.toThrow(
      "are those of the table",
    );
  });
});
