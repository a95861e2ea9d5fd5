/** The process that holds streams, from the outside. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WrongAnswer } from "../load/verify.mjs";

const FILE = fileURLToPath(new URL("../load/holder.mjs", import.meta.url));
const ARRIVE_MS = 60_000;

export async function startHolder({ port, peer }) {
  const child = fork(FILE, [JSON.stringify({ port, peer })]);
  await answer(child);
  return {
    open: (streams) => ask(child, { cmd: "open", streams }),
    /** `{ done }`, a promise of the arrival of the next notification on every stream. */
    expect: async () => {
      await ask(child, { cmd: "expect" });
      const done = answer(child, ARRIVE_MS);
      done.catch(() => {});
      return { done };
    },
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

function ask(child, message) {
  const said = answer(child);
  child.send(message);
  return said;
}

async function answer(child, ms = 600_000) {
  const signal = AbortSignal.timeout(ms);
  const [message] = await once(child, "message", { signal }).catch(() => {
    throw new WrongAnswer("a notification did not arrive on every stream");
  });
  if (message.error !== undefined) throw new WrongAnswer(message.error);
  return message;
}
