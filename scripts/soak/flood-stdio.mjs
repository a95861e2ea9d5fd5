/** The same over stdio, where the parent process does not read: nothing can be cut, so progress is left out. */
import { call, initialize, initialized, LEGACY } from "../../bench/load/messages.mjs";
import { describe, fate } from "./flood.mjs";
import { startServer } from "./process.mjs";
import { MIB } from "./report.mjs";

const ANSWER_MS = 60_000;

export async function floodStdio(report, { shape, warm, growthMib, heldMib, floodMs }) {
  for (const modern of [false, true]) {
    const row = `${describe(shape)} to nobody, stdio, ${modern ? "2026-07-28" : LEGACY}`;
    report.say(`${row} ...`);
    const server = await startServer("stdio-server.mjs", { stdio: ["pipe", "pipe"], objects: false });
    const parent = new Parent(server.child);
    try {
      if (!modern) {
        await parent.ask(initialize(LEGACY), 1);
        parent.send(initialized);
      }
      await parent.ask(call("flood", warm, { modern, progress: true }).message, 2);
      await server.event("flooded");
      parent.stopReading();
      const before = await server.memory();
      const rss = await server.watch();
      const answer = parent.ask(call("flood", shape, { modern, progress: true }).message, 3);
      const outcome = await server.event("flooded", floodMs);
      const held = await server.memory();
      const peak = await server.peak();
      report.atMost(row, "RSS above before, at its peak", (peak - rss) / MIB, growthMib, " MiB");
      report.atMost(
        row,
        "heap above before, when the call has ended",
        (held.heap - before.heap) / MIB,
        heldMib,
        " MiB",
      );
      report.equal(row, "the call", fate(outcome, shape), "sent all");
      parent.goOn();
      report.equal(
        row,
        "its answer, once the parent reads",
        (await answer).result === undefined ? "none" : "there",
        "there",
      );
      const { result } = await parent.ask(call("echo", { text: "alive" }, { modern }).message, 4);
      report.equal(row, "the next call", result?.content[0].text, "alive");
      server.child.stdin.end();
      report.equal(row, "exit code", await server.exited, 0);
    } finally {
      await server.stop();
    }
  }
}

/** A parent process that stops reading and goes on. */
class Parent {
  #child;
  #text = "";
  #waiting = new Map();

  constructor(child) {
    this.#child = child;
    child.stdin.on("error", () => {});
    child.stdout.setEncoding("utf8").on("data", (chunk) => this.#take(chunk));
  }

  send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Resolves with the answer; the id is written over the one of the message. */
  ask(message, id) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${message.method} in ${ANSWER_MS} ms`)), ANSWER_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send({ ...message, id });
    });
  }

  stopReading() {
    this.#child.stdout.pause();
  }

  goOn() {
    this.#child.stdout.resume();
  }

  #take(chunk) {
    const lines = (this.#text + chunk).split("\n");
    this.#text = lines.pop();
    for (const line of lines) {
      const { id, ...answer } = JSON.parse(line);
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    }
  }
}
