import { type ConfigChange, describeChange, diffConfig } from "../commands/config-diff.js";
import { parseConfig } from "../commands/config-tree.js";
import { redactLine } from "../commands/redact-config.js";
import type { DeviceTarget } from "../devices/directory.js";
import { messageOf, NetworkError } from "../errors.js";
import { connect, type SshOptions } from "../ssh/connect.js";
import { DeviceShell } from "../ssh/shell.js";
import type { SshClient } from "../ssh/ssh2.js";
import { type Applied, applyConfig } from "./apply.js";
import type { DeviceOutcome, Outcome, PushPlan, StepReport } from "./outcome.js";

export interface DevicePush {
  readonly target: DeviceTarget;
  readonly plan: PushPlan;
  readonly ssh: SshOptions;
  readonly report: StepReport;
  readonly signal: AbortSignal;
}

export interface DevicePushResult {
  readonly outcome: DeviceOutcome;
  /** The lines themselves went wrong on this device, so they should not go to the next one. */
  readonly suspect: boolean;
}

/**
 * One device, four steps: connect, diff, apply, verify. The signal is honoured before each of the first
 * three; from the first line sent on, the device is finished, verification included, because a device
 * left half-way is worse than a late answer.
 */
export async function pushToDevice(push: DevicePush): Promise<DevicePushResult> {
  const progress: Applied = { begun: false, sent: 0 };
  const end = (outcome: Outcome, changes: readonly ConfigChange[], message?: string): DevicePushResult => ({
    outcome: {
      device: push.target.name,
      outcome,
      changes: changes.map((change) => redactLine(describeChange(change))),
      lines_sent: progress.sent,
      ...(message === undefined ? {} : { message }),
    },
    suspect: progress.begun && outcome !== "applied",
  });
  let client: SshClient | undefined;
  let planned: readonly ConfigChange[] = [];
  try {
    begin(push, "connect");
    client = await connect(push.target, push.ssh, push.signal);
    const shell = await DeviceShell.open(client, push.target.name, push.ssh.commandTimeoutMs);
    begin(push, "diff");
    planned = await changesLeft(shell, push.plan);
    if (planned.length === 0) return end("unchanged", []);
    if (push.plan.dryRun) return end("planned", planned);
    begin(push, "apply");
    await applyConfig(shell, push.plan.nodes, progress);
    push.report(push.target.name, "verify");
    const missing = await changesLeft(shell, push.plan);
    if (missing.length === 0) return end("applied", planned);
    return end(
      "unverified",
      planned,
      `Not found after the push: ${missing.map(describeChange).map(redactLine).join("; ")}. Check with show running-config.`,
    );
  } catch (error) {
    if (error instanceof NetworkError && error.code === "cancelled")
      return end("skipped", planned, "Cancelled before anything was sent.");
    return end("failed", planned, failureMessage(error, progress));
  } finally {
    client?.end();
  }
}

function begin({ signal, report, target }: DevicePush, step: "connect" | "diff" | "apply"): void {
  if (signal.aborted) throw new NetworkError("cancelled", `${target.name}: cancelled before ${step}`);
  report(target.name, step);
}

/** The running configuration is read through the same session, so it is this device's for certain. */
async function changesLeft(shell: DeviceShell, plan: PushPlan): Promise<ConfigChange[]> {
  const { output } = await shell.run("show running-config");
  return diffConfig(plan.nodes, parseConfig(output.split("\n"), "shown"));
}

function failureMessage(error: unknown, { sent }: Applied): string {
  const effect = sent === 0 ? "Nothing was changed." : `${sent} line(s) before that are in its running configuration.`;
  return `${messageOf(error)}. ${effect}`.replace("..", ".");
}
