/** All rows of the table, in its order: what each of them needs of a peer, its goals, and how it is measured. */
import { CallDriver } from "../load/call-driver.mjs";
import { call, MARK, payload, request } from "../load/messages.mjs";
import { SessionDriver } from "../load/session-driver.mjs";
import { SseDriver } from "../load/sse-driver.mjs";
import { StdioDriver } from "../load/stdio-driver.mjs";
import { PUBLIC_KEYS, TOKEN } from "../load/token.mjs";
import { checkerOf } from "../load/verify.mjs";
import { measureAbandoned } from "./abandoned.mjs";
import { measureAborts } from "./aborts.mjs";
import { measureCalls } from "./calls.mjs";
import { measureOwn } from "./own.mjs";
import { measureStart } from "./start.mjs";
import { measureStreams } from "./streams.mjs";
import { measureToken } from "./token.mjs";

const CONNECTIONS = 8;
/** For a peer whose `initialize` waits a second. */
const MANY_CONNECTIONS = 256;
const LARGE = 10 * 1024;
const EVENTS = 20;
const MANY_TOOLS = 200;
const LISTED_TOOLS = 100;

const echo = { transport: "http", door: "session", reply: "json", tools: ["echo"], count: 1 };
const TIMES = { unit: "x" };
/** Nobody else records calls, so there is nothing to compare. */
const RECORDS_NOTHING = Object.fromEntries(
  ["floor", "sdk1", "sdk2", "fastmcp", "mcp-lite", "tmcp"].map((name) => [name, "does not record calls"]),
);
/** Others leave the check to what is in front of them, or to the code of their users. */
const CHECKS_NOTHING = Object.fromEntries(
  Object.keys(RECORDS_NOTHING).map((name) => [name, "is not asked to check tokens"]),
);
/** As many as wait for one flush of the disk. */
const WRITERS = 64;
/** Many tools may cost 5 % more than one; there is no milestone before that. */
const WITHIN = { goal: 1.05, milestone: undefined };

/** How calls of `echo` (or `write`, which does the same) are made and judged. */
function echoPlan(size, modern, tool = "echo") {
  const text = payload(size);
  const [before, after] = text.split(MARK);
  const payloadOf = (id) => `${before}${id}${after}`;
  return (peer) => ({
    call: call(tool, { text }, { modern }),
    check: checkerOf({ payloadOf, modern, peer: peer.name }),
    session: !modern,
    json: true,
  });
}

function withHeaders(plan, headers) {
  return { ...plan, call: { ...plan.call, headers: { ...plan.call.headers, ...headers } } };
}

function http(name, title, { order = echo, plan, needs = [], ...rest }) {
  const drive = (server) => new CallDriver(server, plan(server.peer));
  return { name, title, order, needs, drive, connections: () => CONNECTIONS, measure: measureCalls, ...TIMES, ...rest };
}

const small = echoPlan(0, false);
const modern = echoPlan(0, true);
const large = echoPlan(LARGE, false);
const write = echoPlan(0, false, "write");
const modernOrder = { ...echo, door: "modern" };

const progressPlan = (peer) => ({
  call: call("progress", { n: EVENTS, text: payload() }, { progress: true }),
  check: checkerOf({ payloadOf: (id) => `hello ${id}`, events: EVENTS, peer: peer.name }),
  session: true,
});
const listPlan = (peer) => ({
  call: { message: request("tools/list", {}), headers: {} },
  check: checkerOf({ list: LISTED_TOOLS, peer: peer.name }),
  session: true,
  json: true,
});

/** A row again with many tools, measured against the same peer with one. */
function withTools(row) {
  const title = `${row.short}, ${MANY_TOOLS} tools against one`;
  const order = { ...row.order, count: MANY_TOOLS };
  const name = `${row.name}-${MANY_TOOLS}`;
  const cannot = { bare: "has no tools", floor: "has no tools" };
  return { ...row, name, title, order, against: row.order, cannot, measure: measureOwn, unit: "x own", ...WITHIN };
}

const json = http("json", "`tools/call`, Streamable HTTP, JSON, sessions", {
  short: "`tools/call`",
  plan: small,
  goal: 1.5,
  milestone: 2,
});
const recent = http("modern", "`tools/call`, 2026-07-28", {
  short: "2026-07-28",
  order: modernOrder,
  plan: modern,
  needs: ["modern"],
  goal: 1.5,
  milestone: 2,
});
const tenKib = http("large", "10 KiB arguments and result", {
  short: "10 KiB",
  plan: large,
  goal: 1.3,
  milestone: 1.6,
});

export const ROWS = [
  json,
  recent,
  tenKib,
  http("progress", `A call with ${EVENTS} progress events (SSE)`, {
    order: { ...echo, reply: "stream", tools: ["progress"] },
    plan: progressPlan,
    goal: 1.5,
    milestone: 2.5,
  }),
  {
    ...http("session", "Session made, one call, ended", { plan: small, goal: 1.5, milestone: 2 }),
    drive: (server) => new SessionDriver(server, small(server.peer)),
    connections: (peer) => (peer.slowSessions ? MANY_CONNECTIONS : CONNECTIONS),
    slowWith: (peer) => peer.slowSessions === true,
  },
  {
    ...http("sse", "HTTP+SSE round trip", {
      order: { ...echo, door: "sse" },
      plan: small,
      needs: ["sse"],
      goal: 1.5,
      milestone: 2,
    }),
    drive: (server) => new SseDriver(server, small(server.peer)),
  },
  {
    ...http("stdio", "stdio, 64 calls pipelined", {
      order: { ...echo, transport: "stdio" },
      needs: ["stdio"],
      goal: 2,
      milestone: 3,
    }),
    drive: (server) => new StdioDriver(server),
  },
  http("write", "A write, its operation recorded in memory", {
    order: { ...echo, tools: ["write"] },
    plan: write,
    cannot: RECORDS_NOTHING,
  }),
  http("durable", `A write, recorded on disk (LMDB, flushed), ${WRITERS} connections`, {
    order: { ...echo, tools: ["write"], store: true },
    plan: write,
    cannot: RECORDS_NOTHING,
    connections: () => WRITERS,
    goalPerSecond: 5000,
  }),
  {
    ...http("token", "The check of an access token (JWT, warm), 2026-07-28", {
      order: { ...modernOrder, auth: PUBLIC_KEYS },
      plan: (peer) => withHeaders(modern(peer), { authorization: `Bearer ${TOKEN}` }),
      needs: ["modern"],
      cannot: CHECKS_NOTHING,
    }),
    against: modernOrder,
    measure: measureToken,
    goal: 1,
  },
  withTools(json),
  withTools(recent),
  withTools(tenKib),
  http("list", `\`tools/list\` of ${LISTED_TOOLS} tools`, {
    order: { ...echo, count: LISTED_TOOLS },
    plan: listPlan,
    sameBytes: true,
    reference: { tools: Array.from({ length: LISTED_TOOLS }, (_, index) => ({ name: `tool_${index}` })) },
    goal: 1.5,
  }),
  {
    name: "start",
    title: "stdio: first answer after spawn, CPU above bare Node",
    order: { ...echo, transport: "stdio", schema: "json" },
    needs: ["stdio"],
    measure: measureStart,
    unit: "ms",
    goal: 30,
    milestone: 50,
  },
  {
    name: "idle",
    title: "Idle SSE stream, memory above a bare one",
    order: echo,
    needs: ["streams"],
    measure: measureStreams,
    unit: "KiB",
    goal: 3,
    milestone: 6,
  },
  {
    name: "fanout",
    title: "One notification to all of those streams",
    with: "idle",
    needs: ["streams"],
    goal: 1.3,
    milestone: 2,
    ...TIMES,
  },
  {
    name: "abandoned",
    title: "Abandoned session, heap kept",
    order: echo,
    needs: [],
    measure: measureAbandoned,
    unit: "B",
    goal: 0,
  },
  {
    name: "aborts",
    title: "Connected, asked, vanished: heap kept per cycle",
    order: { ...echo, tools: ["wait"], reply: "stream" },
    needs: ["streams"],
    measure: measureAborts,
    unit: "B",
    goal: 0,
  },
];
