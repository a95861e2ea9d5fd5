/** holdfast/testing: permissions on every revision. Lists and calls must agree, for every kind of caller and rule. */
import { afterEach, describe, expect, test } from "vitest";
import {
  McpError,
  McpServer,
  PROTOCOL_VERSIONS,
  type Principal,
  type Requirement,
  ResourceTemplate,
  type Visible,
} from "../../src/index.js";
import { LOCAL } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { assertJudged, judged } from "./helpers/judged-client.js";

afterEach(assertJudged);

const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value));
const fails = () => {
  throw new Error("the check itself failed");
};
/** What a careless author may return although the type forbids it. */
const careless = (value: unknown) => (() => value) as unknown as () => boolean;

interface Rule {
  readonly requires?: Requirement;
  readonly visible?: Visible;
  /** An oracle of its own, not the code under test. */
  readonly allows: (caller: Principal) => boolean;
}

/** Permissions by hand: no wildcard logic but a list of what each caller of this test may do. */
const MAY: Record<string, readonly string[]> = {
  stranger: [],
  reader: ["netbox:read"],
  writer: ["netbox:read", "netbox:write"],
  netbox: ["netbox:read", "netbox:write", "netbox:admin"],
  root: ["netbox:read", "netbox:write", "netbox:admin", "dns:read"],
  process: ["netbox:read", "netbox:write", "netbox:admin", "dns:read"],
  almost: [],
  dns: ["dns:read"],
};
const CALLERS: readonly Principal[] = [
  { issuer: "test", subject: "stranger", permissions: [] },
  { issuer: "test", subject: "reader", permissions: ["netbox:read"] },
  { issuer: "test", subject: "writer", permissions: ["netbox:read", "netbox:write"] },
  { issuer: "test", subject: "netbox", permissions: ["netbox:*"] },
  { issuer: "test", subject: "root", permissions: ["*"], roles: ["admin"] },
  {
    issuer: "test",
    subject: "almost",
    permissions: ["netbox", "netbox:", "netbox:rea", "netbox:read:x", "net*", ":*"],
  },
  { issuer: "other", subject: "dns", permissions: ["dns:read"], roles: ["admin"] },
  LOCAL,
];
const may = ({ subject }: Principal, permission: string) => (MAY[subject] ?? []).includes(permission);
const isAdmin = ({ roles }: Principal) => roles?.includes("admin") === true;

const RULES: Record<string, Rule> = {
  open: { allows: () => true },
  string: { requires: "netbox:read", allows: (caller) => may(caller, "netbox:read") },
  list: {
    requires: ["netbox:read", "netbox:write"],
    allows: (caller) => may(caller, "netbox:read") && may(caller, "netbox:write"),
  },
  all_of: {
    requires: { allOf: ["netbox:read", "netbox:admin"] },
    allows: (caller) => may(caller, "netbox:read") && may(caller, "netbox:admin"),
  },
  any_of: {
    requires: { anyOf: ["netbox:write", "dns:read"] },
    allows: (caller) => may(caller, "netbox:write") || may(caller, "dns:read"),
  },
  none_of_none: { requires: { anyOf: [] }, allows: () => false },
  function: { requires: ({ issuer }) => issuer === "other", allows: ({ issuer }) => issuer === "other" },
  async_function: { requires: async (caller) => later(isAdmin(caller)), allows: isAdmin },
  throws: { requires: fails, allows: () => false },
  rejects: { requires: async () => later(0).then(fails), allows: () => false },
  truthy: { requires: careless(1), allows: () => false },
  empty: { requires: careless([]), allows: () => false },
  named: { requires: () => "dns:read", allows: (caller) => may(caller, "dns:read") },
  named_later: { requires: async () => ["dns:read"], allows: (caller) => may(caller, "dns:read") },
  truthy_later: { requires: careless(Promise.resolve(1)), allows: () => false },
  undefined_answer: { requires: careless(undefined), allows: () => false },
  invisible: { visible: false, allows: () => false },
  visible_to_some: { visible: ({ principal }) => isAdmin(principal), allows: isAdmin },
  visible_later: { visible: ({ principal }) => later(isAdmin(principal)), allows: isAdmin },
  visible_throws: { visible: fails, allows: () => false },
  visible_rejects: { visible: () => later(0).then(fails), allows: () => false },
  visible_truthy: { visible: careless("yes"), allows: () => false },
  visible_here: { visible: ({ transport }) => transport === "memory", allows: () => true },
  both: {
    visible: ({ principal }) => isAdmin(principal),
    requires: "dns:read",
    allows: (caller) => isAdmin(caller) && may(caller, "dns:read"),
  },
};

const mcp = new McpServer(
  { name: "rules", version: "1.0.0" },
  {
    logger: silentLogger,
    pageSize: 4,
    whenDenied: "hidden",
  },
);
for (const [name, { requires, visible }] of Object.entries(RULES)) {
  const rule = { ...(requires !== undefined && { requires }), ...(visible !== undefined && { visible }) };
  mcp.registerTool(name, rule, (ctx) => `${name} for ${ctx.principal.subject}`);
  mcp.registerResource(name, `test://${name}`, rule, async (uri) => ({ contents: [{ uri: uri.href, text: name }] }));
  const template = new ResourceTemplate(`test://${name}/{id}`, { list: undefined });
  mcp.registerResource(`${name} by id`, template, rule, async (uri) => ({ contents: [{ uri: uri.href, text: name }] }));
  const messages = [{ role: "user" as const, content: { type: "text" as const, text: name } }];
  mcp.registerPrompt(name, rule, async () => ({ messages }));
}
let ran = 0;
const site = { type: "object", properties: { site: { type: "string" } }, required: ["site"] } as const;
mcp.registerTool(
  "by_argument",
  { inputSchema: site, requires: (_, args) => args === undefined || (args as { site: string }).site === "AMS" },
  ({ site: where }) => {
    ran += 1;
    return where as string;
  },
);

const denied = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const names = (entries: readonly Record<string, unknown>[]) => entries.map(({ name }) => name);

describe.each(PROTOCOL_VERSIONS)("[79, S27] %s", (revision) => {
  test.each(CALLERS)("$subject: lists and calls agree, and with the rules", async (principal) => {
    const client = await judged(mcp, revision, { principal });
    const allowed = Object.keys(RULES).filter((name) => RULES[name]?.allows(principal));
    expect(names(await client.listTools())).toEqual([...allowed, "by_argument"]);
    expect(names(await client.listResources())).toEqual(allowed);
    expect(names(await client.listResourceTemplates())).toEqual(allowed.map((name) => `${name} by id`));
    expect(names(await client.listPrompts())).toEqual(allowed);
    const missing = revision === "2026-07-28" ? -32602 : -32002;
    for (const name of Object.keys(RULES)) {
      if (allowed.includes(name)) {
        const { content } = await client.callTool(name);
        expect(content).toEqual([{ type: "text", text: `${name} for ${principal.subject}` }]);
        expect(await client.readResource(`test://${name}`)).toMatchObject({ contents: [{ text: name }] });
        expect(await client.readResource(`test://${name}/1`)).toMatchObject({ contents: [{ text: name }] });
        expect(await client.getPrompt(name)).toMatchObject({ messages: [{ content: { text: name } }] });
      } else {
        // Answered like what does not exist: names are not confirmed to strangers.
        const unknown = (text: string) => text.replaceAll(name, "no_such_thing");
        const kinds = [
          [(what: string) => client.callTool(what), -32602],
          [(what: string) => client.readResource(`test://${what}`), missing],
          [(what: string) => client.readResource(`test://${what}/1`), missing],
          [(what: string) => client.getPrompt(what), -32602],
        ] as const;
        for (const [ask, code] of kinds) {
          const [error, other] = await Promise.all([denied(ask(name)), denied(ask("no_such_thing"))]);
          expect(error).toBeInstanceOf(McpError);
          expect((error as McpError).code).toBe(code);
          expect(unknown((error as McpError).message)).toBe((other as McpError).message);
        }
      }
    }
    await client.close();
  });

  test("a rule about arguments is asked with the arguments, and the handler only runs when it allows", async () => {
    const client = await judged(mcp, revision);
    ran = 0;
    expect((await client.callTool("by_argument", { site: "AMS" })).content).toEqual([{ type: "text", text: "AMS" }]);
    expect(await denied(client.callTool("by_argument", { site: "FRA" }))).toBeInstanceOf(McpError);
    expect(ran).toBe(1);
    await client.close();
  });
});
