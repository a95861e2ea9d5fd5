/**
 * [S5] One process serves every revision on one port, and clients that use id 1 for everything at the same time
 * never see each other's answers (CVE-2026-25536).
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  hammer,
  type MarkedClient,
  modernClient,
  sessionClient,
  sseClient,
  statelessClient,
} from "./helpers/marked-clients.js";

const CALLS = 1_000;
const IN_FLIGHT = 16;

let base: string;
let server: ReturnType<typeof fork>;
beforeAll(async () => {
  server = fork(fileURLToPath(new URL("./fixtures/isolation-server.mjs", import.meta.url)));
  const [message] = (await Promise.race([
    once(server, "message"),
    once(server, "exit").then(() => Promise.reject(new Error("the server did not start; is the package built?"))),
  ])) as [{ url: string }];
  base = new URL(message.url).origin;
});
afterAll(async () => {
  if (server.exitCode !== null) return;
  server.kill();
  await once(server, "exit");
});

async function hammerAll(clients: readonly MarkedClient[]): Promise<void> {
  const counts = await Promise.all(clients.map((client) => hammer(client, CALLS, IN_FLIGHT)));
  for (const [index, { hows }] of clients.entries()) {
    const total = Object.values(counts[index] ?? {}).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(CALLS);
    expect(Object.keys(counts[index] ?? {}).sort()).toEqual([...new Set(hows)].sort());
  }
  await Promise.all(clients.map((client) => client.close()));
  expect(server.exitCode).toBeNull();
}

test("[S5] every revision at once, 1,000 calls each, all with id 1: every answer is its caller's", {
  timeout: 120_000,
}, async () => {
  await hammerAll([
    await sseClient({ base, user: "sse" }),
    await sessionClient({ base, user: "march" }, "2025-03-26"),
    await sessionClient({ base, user: "june" }, "2025-06-18"),
    await sessionClient({ base, user: "november" }, "2025-11-25"),
    modernClient({ base, user: "modern" }),
    statelessClient({ base }),
  ]);
});

test("[S5] two clients of one revision and of one principal, the same ids in parallel", {
  timeout: 120_000,
}, async () => {
  const user = "twin";
  const twins = [
    await sseClient({ base, user }),
    await sseClient({ base, user }),
    await sessionClient({ base, user }, "2025-11-25"),
    await sessionClient({ base, user }, "2025-11-25"),
    modernClient({ base, user }),
    modernClient({ base, user }),
    statelessClient({ base }),
    statelessClient({ base }),
  ];
  await hammerAll(twins);
});
