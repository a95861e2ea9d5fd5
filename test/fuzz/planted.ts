/** Targets with faults planted in them: what the fuzzer is tested with. None of them touches the framework. */
import type { Dice } from "./kit/dice.js";
import { must, type Target } from "./kit/target.js";

const CHARACTERS = ["a", "b", "0", "4", "1", "%"];
/** Once in a hundred inputs or so. */
const BAD = "%41";

function text(dice: Dice): string {
  return dice.text(CHARACTERS, 24);
}

/** Undoes percent-encoding and forgets that the text may end within an escape. */
function decoded(given: string): string {
  let plain = "";
  for (let at = 0; at < given.length; at += 1) {
    if (given[at] !== "%") plain += given[at];
    else {
      plain += String.fromCharCode(Number.parseInt(given.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return plain;
}

/** A property that does not hold. */
export const throwing: Target<string> = {
  name: "planted-throw",
  weight: 1,
  generate: text,
  run: (given) => {
    // What is missing is read as NUL.
    must(given.includes("%00") || !decoded(given).includes("\0"), "a NUL that nobody wrote");
  },
};

/** A rejection that nobody handles: `run` itself is content. */
export const rejecting: Target<string> = {
  name: "planted-rejection",
  weight: 1,
  generate: text,
  run: (given) => {
    if (given.includes(BAD)) void Promise.reject(new Error("nobody handles this"));
  },
};

/** An exception that nobody can catch. */
export const timed: Target<string> = {
  name: "planted-exception",
  weight: 1,
  generate: text,
  run: (given) => {
    if (given.includes(BAD)) {
      setImmediate(() => {
        throw new Error("nobody catches this");
      });
    }
  },
};

/** A loop without end. */
export const hanging: Target<string> = {
  name: "planted-hang",
  weight: 1,
  generate: text,
  run: (given) => {
    while (given.includes(BAD)) given.at(0);
  },
};

/** The end of the whole process. */
export const dying: Target<string> = {
  name: "planted-death",
  weight: 1,
  generate: text,
  run: (given) => {
    if (given.includes(BAD)) process.exit(3);
  },
};

/** Nothing is wrong with it. */
export const healthy: Target<string> = {
  name: "planted-nothing",
  weight: 1,
  generate: text,
  run: () => {},
};

export const TARGETS: readonly Target[] = [throwing, rejecting, timed, hanging, dying, healthy];
