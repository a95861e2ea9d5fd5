/** What the audit log says of work that is shared, goes on without its client, or was cut off. */
import { afterEach, expect, test } from "vitest";
import { HoldfastError } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { sharedStore } from "../operations/helpers/shared-store.js";
import { type Client, newKey } from "../operations/helpers/way.js";
import { MODERN_HTTP } from "../operations/helpers/ways.js";
import { working } from "../operations/helpers/works.js";
import { MemorySink } from "./memory-sink.js";

const serve = working();
const LEASE = 15_000;
const HELD = { of: "a", hold: true };

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

test("calls that share work have one operation", async () => {
  const sink = new MemorySink();
  const node = await serve({}, { audit: sink });
  const client = await MODERN_HTTP.start(node, "alice");
  clients.push(client);
  const asked = { args: HELD, key: newKey() };
  const calls = [client.begin(asked), client.begin(asked)];
  const start = await node.works.started("a");
  await node.calls(2);
  start.finish();
  await Promise.all(calls.map(({ answer }) => answer));
  const expected = { decision: "allowed", outcome: "ok", operationId: start.id };
  expect(sink.calls).toMatchObject([expected, expected]);
});

test("a client that has gone while its work goes on, and comes back for the outcome", async () => {
  const sink = new MemorySink();
  const node = await serve({}, { audit: sink });
  const client = await MODERN_HTTP.start(node, "alice");
  clients.push(client);
  const asked = { args: HELD, key: newKey() };
  const call = client.begin(asked);
  const start = await node.works.started("a");
  const lost = call.answer.catch(() => "lost");
  await call.drop();
  await lost;
  expect(sink.take()).toMatchObject({ outcome: "cancelled", workContinues: true, operationId: start.id });
  start.finish();
  await node.idle();
  await client.call(asked);
  expect(sink.take()).toMatchObject({ outcome: "ok", replayed: true, operationId: start.id });
});

test("work whose owner died: the outcome is unknown", async () => {
  const sink = new MemorySink();
  const shared = sharedStore();
  const options = { audit: sink, store: shared.store, secret: "a secret that all nodes have" };
  const [first, second] = [await serve({ leaseMs: LEASE }, options), await serve({ leaseMs: LEASE }, options)];
  const [one, other] = [await MODERN_HTTP.start(first, "alice"), await MODERN_HTTP.start(second, "alice")];
  clients.push(one, other);
  const asked = { args: HELD, key: newKey() };
  const call = one.begin(asked);
  const start = await first.works.started("a");
  shared.before("renew", () => Promise.reject(new HoldfastError("ERR_STORE", "not reached")));
  shared.pass(LEASE + 1);
  await other.call(asked);
  expect(sink.take()).toMatchObject({ decision: "allowed", outcome: "unknown", operationId: start.id });
  start.finish(() => "too late");
  await call.answer;
  await until("an event", () => sink.events.length > 0);
  expect(sink.take()).toMatchObject({ outcome: "unknown", operationId: start.id });
});
