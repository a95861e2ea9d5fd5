import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { PARENT_CHECK_INTERVAL_MS, watchParent } from "../../src/transports/stdio/parent-watch.js";
import { nodeArguments, waitFor } from "./run.js";

describe.runIf(process.platform !== "win32")("[87] watchParent", () => {
  it("notices that the parent was killed although stdin stays open", async () => {
    // The shell is the parent; stdin of the program is this test's pipe, which stays open.
    const quoted = nodeArguments("watch.ts", []).map((word) => `'${word}'`);
    const shell = spawn("sh", ["-c", `'${process.execPath}' ${quoted.join(" ")}; :`], { stdio: "pipe" });
    const said = await waitFor(shell.stderr, /watching \d+\n/);
    expect(said).toContain(`watching ${shell.pid}`);
    const gone = waitFor(shell.stderr, /gone: /);
    shell.kill("SIGKILL");
    expect(await gone).toMatch(new RegExp(`gone: the parent process ${shell.pid} is gone`));
    // Only when the orphan has exited too are its streams closed.
    await once(shell, "close");
  });

  it("keeps no process alive", async () => {
    const code = `import { watchParent } from ${JSON.stringify(new URL("../../src/transports/stdio/parent-watch.ts", import.meta.url).href)}; watchParent({ onGone() {} });`;
    const [, imported, ...rest] = nodeArguments("watch.ts", []);
    expect(rest).toHaveLength(1);
    const child = spawn(process.execPath, ["--import", String(imported), "--input-type=module", "--eval", code]);
    expect((await once(child, "exit"))[0]).toBe(0);
  });

  it("says nothing while the parent lives, nor after it was stopped", async () => {
    const reasons: string[] = [];
    const stop = watchParent({ intervalMs: 1, onGone: (reason) => reasons.push(reason) });
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    stop();
    expect(reasons).toEqual([]);
    expect(PARENT_CHECK_INTERVAL_MS).toBeLessThan(1_000);
  });
});
