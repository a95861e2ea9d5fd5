/** [49] The order of lists: the same on every node and after every restart, and what a caller may see in the same order. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  custom,
  McpServer,
  type McpServerOptions,
  PROTOCOL_VERSIONS,
  type Principal,
  type ProtocolVersion,
  ResourceTemplate,
} from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, post } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { judged } from "./helpers/judged-client.js";

const KINDS = [
  ["tools/list", "tools"],
  ["prompts/list", "prompts"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
] as const;
type Lists = Record<string, readonly WireObject[]>;

/** What the entries ask of their callers, in no order that sorting would give. */
const REQUIREMENTS = [undefined, "b:read", "a:read", "b:write", "a:write", undefined, "c:read"] as const;
const NAMES = Array.from({ length: 28 }, (_, at) => `${String.fromCharCode(122 - ((at * 11) % 26))}_${at}`);

/** A node: everything is registered anew, as another process would. */
function createNode(options: McpServerOptions = {}): McpServer {
  const auth = custom((request) => caller((request.header("x-permissions") ?? "").split(" ").filter(Boolean)));
  const mcp = new McpServer({ name: "lists", version: "1.0.0" }, { auth, logger: silentLogger, ...options });
  for (const [at, name] of NAMES.entries()) {
    const permission = REQUIREMENTS[at % REQUIREMENTS.length];
    const config = { title: name, ...(permission !== undefined && { requires: permission }) };
    const nothing = () => ({ contents: [] });
    mcp.registerTool(name, config, () => name);
    mcp.registerPrompt(name, config, () => ({ messages: [] }));
    mcp.registerResource(name, `test://${name}`, config, nothing);
    mcp.registerResource(
      `${name} of`,
      new ResourceTemplate(`test://${name}/{id}`, { list: undefined }),
      config,
      nothing,
    );
  }
  return mcp;
}

function caller(permissions: readonly string[]): Principal {
  return { issuer: "test", subject: permissions.join(), permissions };
}

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

/** All pages of all lists, over 2026-07-28. */
async function listed(url: string, permissions: readonly string[]): Promise<Lists> {
  const lists: Record<string, WireObject[]> = {};
  for (const [method, member] of KINDS) {
    let cursor: unknown;
    do {
      const { message, headers } = modernRequest(method, cursor === undefined ? {} : { cursor });
      const options = { headers: { ...headers, "x-permissions": permissions.join(" ") } };
      const result = (await post(url, message, options)).reply?.result as WireObject;
      lists[member] = [...(lists[member] ?? []), ...(result[member] as WireObject[])];
      cursor = result.nextCursor;
    } while (cursor !== undefined);
  }
  return lists;
}

async function started(mcp: McpServer, port = 0): Promise<string> {
  const handle = await mcp.run({ transport: "http", port, signals: false });
  running.push(handle);
  return handle.url ?? "";
}

const CALLERS = [
  [],
  ["a:read"],
  ["a:*"],
  ["b:read", "a:write"],
  ["a:write", "b:read"],
  ["c:read", "b:*"],
  ["*"],
] as const;
const namesOf = (lists: Lists) => Object.values(lists).map((list) => list.map(({ name }) => name));

test("three nodes, two page sizes, and one of them restarted: one list for each caller", async () => {
  const urls = [await started(createNode()), await started(createNode()), await started(createNode({ pageSize: 3 }))];
  const before = new Map<readonly string[], Lists>();
  for (const permissions of CALLERS) {
    const [first, ...others] = await Promise.all(urls.map((url) => listed(url, permissions)));
    for (const other of others) expect(other).toEqual(first);
    before.set(permissions, first ?? {});
  }
  await running[0]?.close();
  const again = await started(createNode(), Number(new URL(urls[0] ?? "").port));
  for (const [permissions, lists] of before) expect(await listed(again, permissions)).toEqual(lists);
});

test("a caller's list is everybody's with entries left out, whatever the permissions and their order", async () => {
  const url = await started(createNode());
  const all = namesOf(await listed(url, ["*"]));
  expect(all[0]).toEqual(NAMES);
  const granted = fc.shuffledSubarray(["a:read", "a:write", "a:*", "b:read", "b:write", "c:*", "d:read"]);
  await fc.assert(
    fc.asyncProperty(granted, async (permissions) => {
      const may = (_: unknown, at: number) => {
        const wanted = REQUIREMENTS[at % REQUIREMENTS.length];
        return wanted === undefined || permissions.includes(wanted) || permissions.includes(`${wanted[0]}:*`);
      };
      const expected = all.map((names) => names.filter(may));
      expect(namesOf(await listed(url, permissions))).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

describe.each(PROTOCOL_VERSIONS)("%s", (revision: ProtocolVersion) => {
  test("lists in the same order as every other revision, for every caller", async () => {
    const url = await started(createNode());
    for (const permissions of CALLERS) {
      const client = await judged(createNode({ pageSize: 5 }), revision, { principal: caller(permissions) });
      const [tools, prompts, resources, templates] = namesOf(await listed(url, permissions));
      expect((await client.listTools()).map(({ name }) => name)).toEqual(tools);
      expect((await client.listPrompts()).map(({ name }) => name)).toEqual(prompts);
      expect((await client.listResources()).map(({ name }) => name)).toEqual(resources);
      expect((await client.listResourceTemplates()).map(({ name }) => name)).toEqual(templates);
      await client.close();
    }
  });

  test("changes at run time move nothing else: what is new comes last, what changed stays where it was", async () => {
    const mcp = createNode();
    const client = await judged(mcp, revision, { principal: caller(["*"]) });
    const names = async () => (await client.listTools()).map(({ name }) => name);
    const late = mcp.registerTool("aaa_late", {}, () => "late");
    expect(await names()).toEqual([...NAMES, "aaa_late"]);
    late.disable();
    expect(await names()).toEqual(NAMES);
    mcp.registerTool("zzz_later", {}, () => "later");
    late.enable();
    expect(await names()).toEqual([...NAMES, "aaa_late", "zzz_later"]);
    late.remove();
    expect(await names()).toEqual([...NAMES, "zzz_later"]);
    await client.close();
  });
});
