/** What every server of the benchmark shares: its orders (`spec`), and the control line to the process that started it. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * transport: "http" | "stdio"; door: "session" | "modern" | "sse"; reply: "json" | "stream"; port; tools: names of the
 * tools the row calls; count: how many are registered in all; schema: "zod" | "json".
 */
export const spec = JSON.parse(process.argv[2] ?? "{}");

export const info = { name: "bench", version: "1.0.0" };

/** Says that the server listens; answers `usage` and `notify` from then on. */
export function ready({ notify, canned } = {}) {
  const url = spec.transport === "http" ? `http://127.0.0.1:${spec.port}` : undefined;
  if (url !== undefined) console.log(url);
  if (process.send === undefined) return;
  process.on("disconnect", () => process.exit(0));
  process.on("message", async (message) => {
    if (message.cmd === "usage") process.send(await usage());
    else if (message.cmd === "canned") process.send({ ok: canned?.(message.text) ?? true });
    else if (message.cmd === "notify") process.send({ ok: (await notify?.()) ?? true });
    else if (message.cmd === "profile") process.send(await profile(message.file));
  });
  process.send({ ready: true });
}

/** Memory after collections far enough apart that finalizers and idle callbacks have run in between. */
async function usage() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await sleep(40);
  }
  globalThis.gc?.();
  return { cpu: process.cpuUsage(), memory: process.memoryUsage(), handles: process.getActiveResourcesInfo().length };
}

let profiler;
/** Starts a CPU profile, or, with a file, ends it and writes it there. */
async function profile(file) {
  const { Session } = await import("node:inspector/promises");
  if (file === undefined) {
    profiler = new Session();
    profiler.connect();
    await profiler.post("Profiler.enable");
    await profiler.post("Profiler.setSamplingInterval", { interval: 200 });
    await profiler.post("Profiler.start");
    return { ok: true };
  }
  const { profile } = await profiler.post("Profiler.stop");
  const { writeFileSync } = await import("node:fs");
  writeFileSync(file, JSON.stringify(profile));
  return { ok: true };
}
