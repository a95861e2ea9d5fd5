/** `requestState` that comes back altered, with another call, or from nowhere: refused, and nothing is run. */
import { LOCAL_PRINCIPAL } from "../../../src/auth/principal.js";
import { Channel } from "../../../src/server/channel.js";
import { fuzzedServer, loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { oddValue, writeJson } from "../kit/json.js";
import { ENVELOPE } from "../kit/messages.js";
import { isMembers } from "../kit/reference.js";
import { must, type Target } from "../kit/target.js";
import { mutateText } from "../kit/text.js";

interface Retry {
  readonly state: unknown;
  /** The call it is sent with. */
  readonly call: keyof typeof CALLS;
  readonly answers: unknown;
}

const CALLS = {
  x: { method: "tools/call", params: { name: "steps", arguments: { text: "x" } } },
  y: { method: "tools/call", params: { name: "steps", arguments: { text: "y" } } },
  ask: { method: "tools/call", params: { name: "ask", arguments: {} } },
  prompt: { method: "prompts/get", params: { name: "ask_prompt" } },
} as const;
const NAMES = Object.keys(CALLS) as (keyof typeof CALLS)[];
const GOOD = { elicitation: { action: "accept", content: { name: "Ada" } }, "elicitation-1": { action: "decline" } };
const ANSWERS = [
  GOOD,
  {},
  { "elicitation-1": { action: "accept", content: { name: "Ada" } } },
  { elicitation: null },
  null,
];

const server = fuzzedServer();
/** A good state of each call, made before the first input. */
const states = new Map<keyof typeof CALLS, string>();

export const requestState: Target<Retry> = {
  name: "request-state",
  weight: 50,
  generate: (dice: Dice): Retry => {
    const state = states.get(dice.pick(NAMES)) ?? "";
    const altered = dice.flip(4) ? oddValue(dice, 2) : mutateText(dice, state);
    const answers = dice.flip(4) ? oddValue(dice, 2) : dice.pick(ANSWERS);
    return { state: dice.flip(4) ? state : altered, call: dice.pick(NAMES), answers };
  },
  open: async () => {
    await loadEvaluator();
    for (const name of NAMES) {
      const { text } = written(name, {});
      const { requestState: state } = ((await send(text))?.result ?? {}) as { requestState?: string };
      must(state !== undefined, `no state came from ${text}`);
      states.set(name, state);
    }
  },
  run: async ({ state, call, answers }) => {
    const { text, message } = written(call, { requestState: state, inputResponses: answers });
    const reply = await send(text);
    if (reply === undefined || message === undefined) return;
    const own = states.get(call) === message;
    const refused = isMembers(reply.error) && reply.error.code === -32_602;
    must(refused || own, () => `a state of another call passed: ${text} got ${JSON.stringify(reply)}`);
    must(!refused || !own, () => `its own state was refused: ${text} got ${JSON.stringify(reply)}`);
    server.assertQuiet();
  },
};

/** The text of a retry, and the state in it as a parser reads it; undefined when the text is no JSON. */
function written(call: keyof typeof CALLS, extra: object): { readonly text: string; readonly message?: unknown } {
  const { method, params } = CALLS[call];
  const { text } = writeJson({ jsonrpc: "2.0", id: 1, method, params: { ...params, ...extra, _meta: ENVELOPE } });
  try {
    return { text, message: (JSON.parse(text) as { params: { requestState: unknown } }).params.requestState };
  } catch {
    return { text };
  }
}

async function send(text: string): Promise<Record<string, unknown> | undefined> {
  let reply: string | undefined;
  const channel = new Channel(server.definition, {
    ...{ transport: "memory", principal: LOCAL_PRINCIPAL, modern: true },
    send: (answer) => {
      reply = answer;
    },
  });
  channel.receiveText(text);
  for (let turn = 0; turn < 40 && reply === undefined; turn += 1) await null;
  for (let turn = 0; turn < 40 && reply === undefined; turn += 1) await new Promise(setImmediate);
  channel.close();
  must(reply !== undefined, `no answer to ${text}`);
  const message = JSON.parse(reply) as Record<string, unknown>;
  // Without an id the message as a whole was refused: it never was a call.
  return "id" in message ? message : undefined;
}
