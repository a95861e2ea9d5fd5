/** The demonstration of the built package in a small form: servers killed, connections cut, effects counted. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** A few seconds on a machine with nothing else to do. */
const TIMEOUT_MS = 90_000;
const DEMO = fileURLToPath(new URL("../../scripts/demo-drop.mjs", import.meta.url));

it.each([
  ["[1, 2, 3, 5, 6, 15, 38] HTTP+SSE", "sse"],
  ["[1, 2, 3, 5, 6, 15, 38] 2025-03-26", "2025-03-26"],
  ["[1, 2, 3, 5, 6, 15, 38] 2025-06-18", "2025-06-18"],
  ["[1, 2, 3, 5, 6, 15, 38] 2025-11-25", "2025-11-25"],
  ["[1, 2, 3, 5, 6, 14] 2026-07-28", "2026-07-28"],
  ["[1, 2, 3, 5] stdio", "stdio"],
])(
  "%s: no call is lost and none takes effect twice, whatever is killed and cut",
  async (_, lane) => {
    const args = [DEMO, "--quick", "--json", "--only", lane];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const [out, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    // What it said names the seed and the calls that went wrong.
    expect(code, said).toBe(0);
    const [row] = JSON.parse(out) as {
      calls: number;
      kills: number;
      cuts: number;
      twice: number;
      sessionsLost: number;
    }[];
    expect(row).toMatchObject({ twice: 0 });
    expect(row?.kills).toBeGreaterThan(0);
    expect(row?.cuts).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
