/** [48] Changes told to a thousand listeners: each hears what it asked for, once, and nothing else. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpServer, type RunHandle } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, open, type RawStream } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { forEachNumber } from "./helpers/pool.js";
import { KEPT, quickSession } from "./helpers/quick-session.js";
import { BY_NAME } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const MODERN = 700;
const LEGACY = 300;
const LISTS = ["tools", "prompts", "resources"] as const;
const URIS = Array.from({ length: 8 }, (_, at) => `test://thing/${at}`);
/** Listeners may ask for it as for any other, but only one of them may read it. */
const GUARDED = "test://guarded";
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

const mcp = new McpServer({ name: "listeners", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
mcp.registerTool("first", {}, () => "first");
mcp.registerPrompt("first", {}, () => ({ messages: [] }));
for (const uri of URIS) mcp.registerResource(uri, uri, {}, () => ({ contents: [] }));
const requires = ({ subject }: { readonly subject: string }) => subject === "listener 1";
mcp.registerResource("guarded", GUARDED, { requires }, () => ({ contents: [] }));

let handle: RunHandle;
beforeAll(async () => {
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
});
afterAll(() => handle.close());

interface Filter {
  readonly lists: readonly (typeof LISTS)[number][];
  readonly uris: readonly string[];
}
interface Listener {
  readonly stream: RawStream;
  /** Everything it must hear, in this order as far as one kind of message is concerned. */
  readonly expected: readonly string[];
}

const updates = (uris: readonly string[]) => URIS.filter((uri) => uris.includes(uri)).map((uri) => `updated ${uri}`);
const changes = (lists: Filter["lists"]) =>
  LISTS.filter((list) => lists.includes(list)).map((list) => `${list} changed`);

async function modern(number: number, { lists, uris }: Filter): Promise<Listener> {
  const wanted = Object.fromEntries(LISTS.map((list) => [`${list}ListChanged`, lists.includes(list)]));
  const notifications = { ...wanted, resourceSubscriptions: [...uris, GUARDED] };
  const { message, headers } = modernRequest("subscriptions/listen", { notifications }, { id: number });
  const user = { "x-user": `listener ${number}` };
  const stream = await open(handle.url ?? "", { method: "POST", body: message, headers: { ...headers, ...user } });
  const granted = [...uris, ...(number === 1 ? [GUARDED] : [])];
  const acknowledged = `acknowledged ${JSON.stringify([changes(lists), granted])}`;
  const secret = number === 1 ? [`updated ${GUARDED}`] : [];
  return { stream, expected: [acknowledged, ...updates(uris), ...secret, ...changes(lists), "result"] };
}

/** Sessions hear of every list; they only choose what resources they subscribe to. */
async function legacy(number: number, { uris }: Filter): Promise<Listener> {
  const session = await quickSession(handle.url ?? "", "2025-11-25", { user: `session ${number}` });
  for (const uri of uris) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  const refused = await session.post(session.message("resources/subscribe", { uri: GUARDED }), KEPT);
  expect(refused.reply).toHaveProperty("error");
  return { stream: await session.listen(), expected: [...updates(uris), ...changes(LISTS)] };
}

/** A message in one word; throws when it has not the subscription it belongs to. */
function said(message: WireObject, id: number | undefined): string {
  const { method, params = {}, result } = message as { method?: string; params?: WireObject; result?: WireObject };
  const { _meta, uri, notifications } = { ...params, ...result } as {
    _meta?: object;
    uri?: string;
    notifications?: WireObject;
  };
  expect(_meta).toMatchObject(id === undefined ? {} : { [SUBSCRIPTION]: id });
  if (result !== undefined) return "result";
  if (method === "notifications/resources/updated") return `updated ${uri}`;
  if (method === "notifications/subscriptions/acknowledged") {
    const { resourceSubscriptions = [], ...lists } = notifications as { resourceSubscriptions?: string[] };
    const granted = LISTS.filter((list) => (lists as WireObject)[`${list}ListChanged`] === true);
    return `acknowledged ${JSON.stringify([changes(granted), resourceSubscriptions])}`;
  }
  return String(method).replace(/^notifications\/(\w+)\/list_changed$/, "$1 changed");
}

test("each of 700 listen streams and 300 sessions, all at once", { timeout: 60_000 }, async () => {
  const seed = Date.now();
  const filter = fc.record({ lists: fc.subarray([...LISTS]), uris: fc.subarray(URIS) });
  const filters = fc.sample(filter, { numRuns: MODERN + LEGACY, seed });
  const listeners: Listener[] = [];
  await forEachNumber(MODERN + LEGACY, 16, async (number) => {
    const one = filters[number - 1] as Filter;
    listeners[number - 1] = await (number <= MODERN ? modern(number, one) : legacy(number, one));
  });
  const { hub } = definitionOf(mcp);
  await until("all of them listen", () => hub.size === MODERN + LEGACY);
  for (const uri of [...URIS, GUARDED, "test://nobody/asked"]) mcp.sendResourceUpdated({ uri });
  // Several registrations of one turn are one change.
  for (const name of ["second", "third"]) {
    mcp.registerTool(name, {}, () => name);
    mcp.registerPrompt(name, {}, () => ({ messages: [] }));
  }
  mcp.registerResource("late", "test://late", {}, () => ({ contents: [] }));
  await handle.shutdown();
  for (const [index, { stream, expected }] of listeners.entries()) {
    const id = index < MODERN ? index + 1 : undefined;
    expect(await stream.closed, `listener ${index + 1}, seed ${seed}`).toBe("end");
    const heard = stream.messages.all.map((message) => said(message, id));
    expect(heard, `listener ${index + 1}, seed ${seed}`).toEqual(expected);
  }
});
