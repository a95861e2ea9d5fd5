/** [70] The fuzzer itself: faults of every kind that are planted in targets of its own are found, shrunk and replayed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkTarget } from "./kit/check.js";
import type { Target } from "./kit/target.js";
import { healthy, throwing } from "./planted.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SEED = 7;
/** Seconds after which a silent worker hangs: no less than a busy machine may be silent. */
const PATIENCE = 2;
const AGAIN = /^Again: node (scripts\/fuzz\.mjs .*)$/m;

describe("the bounded form", () => {
  test("[70] finds a property that does not hold, shrinks its input and says how to run it again", async () => {
    const message = await failureOf(throwing);
    expect(message).toContain("a NUL that nobody wrote");
    expect(message).toContain("The simplest input that fails so:\n'%'\nAgain: ");
  });

  test("[70] is content with a target without faults", async () => {
    await checkTarget(healthy, { seed: SEED, inputs: 2000 });
  });

  test("[70] names the same input as the long form", async () => {
    const again = AGAIN.exec(await failureOf(throwing))?.[1] ?? "";
    const { code, output } = await run(again.replace("fuzz.mjs", "fuzz.mjs --from test/fuzz/planted.ts"));
    expect(output).toContain("a NUL that nobody wrote");
    expect(code).toBe(1);
  });
});

describe("the long form", () => {
  test.concurrent("[70] finds, shrinks and replays faults of every kind, and only where they are", async () => {
    const kinds = [
      ["planted-throw", "a NUL that nobody wrote", "'%'"],
      ["planted-rejection", "nobody handles this", "'%41'"],
      ["planted-exception", "nobody catches this", "'%41'"],
    ] as const;
    const { code, output } = await fuzz(["planted-nothing", ...kinds.map(([target]) => target)]);
    expect(output).toMatch(/^planted-nothing +20 000 .* 0$/m);
    expect(output).toContain("\nkinds of failure: 3\n");
    expect(code).toBe(1);
    await Promise.all(
      kinds.map(async ([target, message, simplest]) => {
        const told = new RegExp(`^FAILED ${target} [^]*?^Again: .*$`, "m").exec(output)?.[0] ?? "";
        const again = await run(AGAIN.exec(told)?.[1] ?? "");
        for (const text of [told, again.output]) {
          expect(text).toContain(message);
          expect(text).toContain(`The simplest input that fails so:\n${simplest}\n`);
        }
        expect(again.code).toBe(1);
      }),
    );
  });

  test.concurrent("[70] passes where nothing is wrong", async () => {
    const { code, output } = await fuzz(["planted-nothing"]);
    expect(output).toContain("\nno failures\n");
    expect(code).toBe(0);
  });

  test.concurrent.each([
    ["planted-hang", "a worker hangs in this input"],
    ["planted-death", "a worker died (code 3) in this input"],
  ])("[70] finds the input in which a process ends or hangs: %s", async (target, message) => {
    const { code, output } = await fuzz([target], PATIENCE);
    expect(output).toContain(message);
    expect(code).toBe(1);
    const again = await run(`${AGAIN.exec(output)?.[1]} --patience ${PATIENCE}`);
    expect(again.output).toContain(message);
    expect(again.code).toBe(1);
  });
});

function failureOf(target: Target): Promise<string> {
  return checkTarget(target, { seed: SEED, inputs: 2000 }).then(
    () => "",
    (error: Error) => error.message,
  );
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** 20 000 inputs of each target. */
function fuzz(targets: readonly string[], patience = 20): Promise<Outcome> {
  const options = `--inputs ${20_000 * targets.length} --seed ${SEED} --workers 1 --patience ${patience}`;
  return run(
    `scripts/fuzz.mjs --from test/fuzz/planted.ts ${options}${targets.map((one) => ` --target ${one}`).join("")}`,
  );
}

async function run(command: string): Promise<Outcome> {
  const child = spawn(process.execPath, command.split(" "), { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}
