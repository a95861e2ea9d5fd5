import type { ConfigNode } from "../commands/config-tree.js";
import { redactLine } from "../commands/redact-config.js";
import { NetworkError } from "../errors.js";
import type { DeviceShell } from "../ssh/shell.js";

const CONFIG_MODE = "(config)";
/** IOS nests sections three deep at most. */
const MAX_EXITS = 6;
/** Warnings start with "%" too (PortFast, for one); these are refusals. */
const REFUSAL =
  /^(?:% ?(?:invalid|incomplete|ambiguous|unrecognized|unknown|bad |error|cannot|.*\b(?:overlaps|not (?:allowed|permitted|valid|supported)|rejected)\b)|command rejected)/im;

export interface Applied {
  begun: boolean;
  /** Lines the device took. */
  sent: number;
}

/**
 * Types the change into configuration mode, watching the prompt: a line that leaves configuration mode,
 * or opens no section where one was expected, ends the push before the following lines can mean
 * something else. `progress.sent` is right even when this throws.
 */
export async function applyConfig(shell: DeviceShell, nodes: readonly ConfigNode[], progress: Applied): Promise<void> {
  const { mode, output } = await shell.run("configure terminal");
  if (mode !== CONFIG_MODE) {
    throw new NetworkError("forbidden", `it did not enter configuration mode: ${output || "no reason given"}`);
  }
  progress.begun = true;
  try {
    await typeSection(shell, nodes, CONFIG_MODE, progress);
  } finally {
    await shell.run("end").catch(() => undefined); // The first error is the one to tell; the session ends anyway.
  }
}

async function typeSection(
  shell: DeviceShell,
  nodes: readonly ConfigNode[],
  mode: string,
  progress: Applied,
): Promise<void> {
  for (const node of nodes) {
    const reply = await shell.run(node.line);
    const shown = `"${redactLine(node.line)}"`;
    if (REFUSAL.test(reply.output))
      throw new NetworkError("upstream", `it refused ${shown}: ${lastLine(reply.output)}`);
    progress.sent += 1;
    if (!reply.mode.startsWith("("))
      throw new NetworkError("upstream", `${shown} left configuration mode, so the rest was not sent`);
    if (node.children.length > 0 && reply.mode === mode) {
      throw new NetworkError("upstream", `${shown} opened no section, so the lines under it were not sent`);
    }
    await typeSection(shell, node.children, reply.mode, progress);
    await returnTo(shell, mode, reply.mode);
  }
}

async function returnTo(shell: DeviceShell, wanted: string, current: string): Promise<void> {
  let mode = current;
  for (let exits = 0; mode !== wanted; exits++) {
    // `exit` in plain configuration mode would leave it.
    if (mode === CONFIG_MODE || mode === "" || exits === MAX_EXITS) {
      throw new NetworkError(
        "upstream",
        `its prompt shows "${mode}" where "${wanted}" was expected, so the rest was not sent`,
      );
    }
    mode = (await shell.run("exit")).mode;
  }
}

function lastLine(output: string): string {
  return (
    output
      .split("\n")
      .findLast((line) => line.includes("%") || /rejected/i.test(line))
      ?.trim() ?? output
  );
}
