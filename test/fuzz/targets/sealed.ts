/** Sealed values: nothing opens but what was sealed, for the same purpose and the same owner. */
import { revisionOf } from "../../../src/protocol/revisions/index.js";
import { Sealer } from "../../../src/sessions/sealer.js";
import { openSession, type SessionFacts, sealSession } from "../../../src/sessions/token.js";
import { SECRET } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { must, type Target } from "../kit/target.js";
import { mutateText } from "../kit/text.js";

interface Attempt {
  readonly token: string;
  /** Who presents it. */
  readonly bound: string;
}

const OWNERS = ["/mcp\nada", "/mcp\nbob", "/sse\nada", ""];
const BASE64URL = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];

const current = new Sealer([SECRET, "an older secret of this fuzz"], "session");
const older = new Sealer(["an older secret of this fuzz"], "session");
const foreign = new Sealer(["a secret of somebody else"], "session");
const otherPurpose = new Sealer([SECRET], "request-state");

/** Tokens by text: what they open to, and for whom; undefined for those that open for nobody. */
const tokens = new Map<string, { readonly bound: string; readonly plain: string } | undefined>();
for (const bound of OWNERS) {
  for (const sealer of [current, older, foreign, otherPurpose]) {
    const opens = sealer === current || sealer === older;
    for (const plain of ["", "x", '{"a":1}', "é".repeat(300)]) {
      tokens.set(sealer.seal(plain, bound), opens ? { bound, plain } : undefined);
    }
    const session = sealSession(sealer, facts(), bound);
    tokens.set(session, opens ? { bound, plain: current.open(session, bound) ?? "" } : undefined);
  }
}
const known = [...tokens.keys()];

export const sealed: Target<Attempt> = {
  name: "sealed",
  weight: 80,
  generate: (dice: Dice): Attempt => ({ token: token(dice), bound: dice.pick(OWNERS) }),
  run: ({ token, bound }) => {
    const opened = current.open(token, bound);
    const sealedAs = tokens.get(token);
    const expected = sealedAs?.bound === bound ? sealedAs.plain : undefined;
    must(opened === expected, () => `${token} for ${JSON.stringify(bound)} opened to ${opened}`);
    // A value that is no session may be no JSON either; only sessions are ever sealed for this purpose.
    if (opened === undefined || opened.startsWith("{")) {
      const session = openSession(current, token, bound);
      must((session !== undefined) === (opened?.includes('"s":') ?? false), () => `${token} is a session`);
    }
    must(otherPurpose.open(token, bound) === undefined || sealedAs === undefined, "opened for another purpose");
  },
};

function token(dice: Dice): string {
  const one = dice.pick(known);
  switch (dice.below(6)) {
    case 0:
      return one;
    case 1: {
      // One character: six bits of key name, nonce, text or tag.
      const at = dice.below(one.length);
      return one.slice(0, at) + dice.pick(BASE64URL) + one.slice(at + 1);
    }
    case 2: {
      // Two tokens of the same key grown together.
      const other = dice.pick(known);
      const at = dice.below(one.length);
      return one.slice(0, at) + other.slice(at);
    }
    case 3:
      return dice.text(BASE64URL, 120);
    case 4:
      return one + dice.pick(["=", "==", "A", " ", "\n", "\0", one]);
    default:
      return mutateText(dice, one);
  }
}

function facts(): SessionFacts {
  const revision = revisionOf("2025-11-25");
  if (revision === undefined) throw new Error("2025-11-25 is gone");
  const clientInfo = { name: "fuzz", version: "1" };
  return { sid: "sid", revision, clientInfo, capabilities: { elicitation: {} }, issuedAt: 1 };
}
