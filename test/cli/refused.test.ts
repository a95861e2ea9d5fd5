/** Servers that ask for credentials, and those that cannot be reached: what is said, and how it ends. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKeys } from "../../src/index.js";
import { type Served, start } from "../e2e/fixtures/serve.js";
import { folder, holdfast, listening } from "./helpers/cli.js";

const KEY = "a-key-with-enough-characters";
const files = folder();
let guarded: Served;

beforeAll(async () => {
  const keys = [{ key: KEY, subject: "ada", permissions: ["*"] }];
  guarded = await start({ auth: apiKeys({ header: ["authorization", "x-api-key"], keys }) });
});
afterAll(() => guarded.handle.close());

describe("credentials", () => {
  it("by option, by variable, by header", async () => {
    const ask = ["call", guarded.url, "guarded"];
    const ended = await Promise.all([
      holdfast([...ask, "--token", KEY]),
      holdfast(ask, { env: { MCP_TOKEN: KEY } }),
      holdfast([...ask, "--header", `X-Api-Key: ${KEY}`]),
    ]);
    for (const one of ended) expect(one).toMatchObject({ code: 0, stdout: "guarded ran\n" });
  });

  it("missing or wrong: 3, and what to do; the token is not repeated", async () => {
    const [missing, wrong] = await Promise.all([
      holdfast(["list", guarded.url]),
      holdfast(["list", guarded.url, "--token", "canary-token-of-nobody"]),
    ]);
    expect(missing).toMatchObject({ code: 3, stdout: "" });
    expect(missing?.stderr).toMatch(/asks for credentials \(401\)\.\nGive an access token with --token or MCP_TOKEN/);
    expect(wrong).toMatchObject({ code: 3, stdout: "" });
    expect(wrong?.stderr).toMatch(/does not accept the token \(401\)/);
    expect(wrong?.stderr).not.toContain("canary");
  });
});

describe("what cannot be reached ends with 3", () => {
  const silent = createServer(() => undefined);
  const page = createServer(
    (_request, response) => void response.setHeader("content-type", "text/html").end("<p>Hello</p>"),
  );
  const urls = { silent: "", page: "" };
  beforeAll(async () => {
    urls.silent = await listening(silent);
    urls.page = await listening(page);
  });
  afterAll(() => {
    for (const server of [silent, page]) {
      server.closeAllConnections();
      server.close();
    }
  });

  const cases: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    ["nothing listens", () => ["list", "http://127.0.0.1:1023/mcp"], /nothing listens there \(ECONNREFUSED\)/],
    [
      "nothing listens for HTTP+SSE",
      () => ["list", "http://127.0.0.1:1023/sse"],
      /nothing listens there \(ECONNREFUSED\)/,
    ],
    ["another path", () => ["list", `${guarded.origin}/other`, "--token", KEY], /There is no MCP server at .*\(404\)/],
    ["a web page", () => ["list", urls.page], /could not be used as an MCP server/],
    ["silence", () => ["list", urls.silent, "--connect-timeout", "300ms"], /did not answer within 300 ms/],
    ["no such command", () => ["list", "--", "no-such-command-here"], /There is no command no-such-command-here/],
    [
      "a command that fails",
      () => ["list", "--", process.execPath, "-e", 'console.error("boom"); process.exit(3)'],
      /^boom$[\s\S]*did not open an MCP connection/m,
    ],
    [
      "a file that throws",
      () => ["list", files.write("throws.mjs", 'throw new Error("out of luck");')],
      /out of luck[\s\S]*did not open an MCP connection/,
    ],
    [
      "a revision the server lacks",
      () => ["list", "--revision", "2026-07-28", "--", process.execPath, "test/cli/fixtures/foreign.mjs"],
      /does not speak revision 2026-07-28/,
    ],
  ];
  it.each(cases)("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await holdfast(args());
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  });
});
