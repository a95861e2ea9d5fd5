/**
 * A stdio server from spawn to the answer of its first `tools/call`: initialize, initialized, call, as a client does
 * it. What counts is CPU above bare Node in the same round; the time on the clock is kept beside it.
 */

import { cpuUs } from "../lib/cpu.mjs";
import { failure } from "../lib/outcome.mjs";
import { spawnServer } from "../lib/server-process.mjs";
import { summary } from "../lib/stats.mjs";
import { call, initialize, initialized, LEGACY } from "../load/messages.mjs";
import { WrongAnswer } from "../load/verify.mjs";

const GIVE_UP_MS = 30_000;

export async function measureStart(row, peers, options) {
  const samples = new Map(peers.map((peer) => [peer.name, []]));
  const results = {};
  // The first round fills the page cache and is not counted.
  for (let round = 0; round <= options.rounds; round++) {
    let bare;
    for (const peer of peers) {
      if (results[peer.name] !== undefined) continue;
      try {
        const sample = await start(peer, row.order);
        bare ??= sample;
        if (round > 0) samples.get(peer.name).push({ ...sample, aboveMs: sample.cpuMs - bare.cpuMs });
      } catch (error) {
        results[peer.name] = failure(error);
      }
    }
    options.tick(row.name, `round ${round} of ${options.rounds}`);
  }
  for (const peer of peers) results[peer.name] ??= outcome(samples.get(peer.name));
  return { [row.name]: results };
}

function outcome(samples) {
  const above = summary(samples.map((sample) => sample.aboveMs));
  const cpuMs = summary(samples.map((sample) => sample.cpuMs));
  const wallMs = summary(samples.map((sample) => sample.wallMs));
  const note = `${cpuMs.median.toFixed(0)} ms CPU, ${wallMs.median.toFixed(0)} ms on the clock`;
  return { value: above.median, p25: above.p25, p75: above.p75, cpuMs, wallMs, note, samples };
}

function start(peer, order) {
  const begun = performance.now();
  const child = spawnServer(peer, order, { stdio: ["pipe", "pipe", "ignore"] });
  const say = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const { message: first } = call("echo", { text: "hello" });
  return new Promise((resolve, reject) => {
    const finish = (act, value) => {
      clearTimeout(timer);
      child.stdout.removeAllListeners("data");
      child.kill("SIGKILL");
      child.once("exit", () => act(value));
    };
    const fail = (why) => finish(reject, new WrongAnswer(`${peer.name}: ${why}`));
    const timer = setTimeout(() => fail("no answer"), GIVE_UP_MS);
    const onLine = (line) => {
      const { id, method, result } = JSON.parse(line);
      if (method !== undefined) return;
      if (result?.protocolVersion !== undefined) {
        say(initialized);
        say({ ...first, id: 2 });
      } else if (id === 2 && result?.content?.[0]?.text === "hello") {
        finish(resolve, { cpuMs: cpuUs(child.pid) / 1000, wallMs: performance.now() - begun });
      } else fail(`a wrong line: ${line.slice(0, 400)}`);
    };
    let rest = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line !== "") onLine(line);
    });
    child.stdin.on("error", () => {});
    child.once("error", reject);
    say({ ...initialize(LEGACY), id: 1 });
  });
}
