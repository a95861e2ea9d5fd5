/** JSON-RPC frames of every revision, through the duplex channel that stdio and HTTP+SSE are made of. */
import { fuzzedServer, loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { type Written, writeJson } from "../kit/json.js";
import { frame, initialize, LEGACY, MODERN, type Spoken } from "../kit/messages.js";
import { Talk } from "../kit/talk.js";
import type { Target } from "../kit/target.js";

interface Conversation {
  readonly revision: Spoken;
  /** False for a legacy client that skips the handshake. */
  readonly greets: boolean;
  readonly frames: readonly Written[];
}

const MOST_FRAMES = 12;
const server = fuzzedServer();

export const channel: Target<Conversation> = {
  name: "channel",
  weight: 150,
  generate: (dice: Dice): Conversation => {
    const revision = dice.pick<Spoken>([MODERN, ...LEGACY]);
    const greets = revision !== MODERN && !dice.flip(10);
    const frames = dice.some(MOST_FRAMES, () => frame(dice, revision));
    return { revision, greets, frames };
  },
  size: ({ frames }) => frames.length,
  open: loadEvaluator,
  run: async ({ revision, greets, frames }) => {
    const talk = new Talk(server.definition);
    if (greets) talk.send(writeJson({ jsonrpc: "2.0", id: "hello", ...initialize(revision) }));
    for (const one of frames) talk.send(one);
    if (talk.waits) await talk.settle();
    talk.close();
    server.assertQuiet();
  },
};
