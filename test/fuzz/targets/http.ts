/** HTTP requests through the transport's neutral record: a few of them on a transport of their own. */
import { createHttpTransport } from "../../../src/runtimes/http-transport.js";
import { fuzzedServer, loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { type Asking, asking } from "../kit/requests.js";
import type { Target } from "../kit/target.js";
import { mintSessions, Visit } from "../kit/visit.js";

/**
 * What is left of a visit must be gone when thousands of others have come: streams and sessions are forgotten at the
 * next tick, questions that nobody answers soon after.
 */
const LIMITS = { resumeWindowMs: 1, sessionIdleMs: 1, clientRequestTimeoutMs: 20, maxBodyBytes: 65_536 };

const MOST_REQUESTS = 6;
const server = fuzzedServer(LIMITS);
const sessions = mintSessions(server.definition);

export const http: Target<readonly Asking[]> = {
  name: "http",
  weight: 100,
  generate: (dice: Dice): readonly Asking[] => dice.some(MOST_REQUESTS, () => asking(dice, sessions)),
  size: (requests) => requests.length,
  open: loadEvaluator,
  run: async (requests) => {
    const transport = createHttpTransport(server.definition, { mcpPath: "/mcp", bindHost: "127.0.0.1" });
    const visit = new Visit(transport, sessions);
    try {
      for (const one of requests) await visit.ask(one);
    } finally {
      visit.end();
    }
    server.assertQuiet();
  },
};
