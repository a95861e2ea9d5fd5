import type { DeviceTarget } from "../devices/directory.js";
import type { SshOptions } from "../ssh/connect.js";
import { pushToDevice } from "./device.js";
import { type DeviceOutcome, type PushPlan, STEPS, type Step } from "./outcome.js";

export interface Rollout {
  readonly targets: readonly DeviceTarget[];
  readonly plan: PushPlan;
  readonly ssh: SshOptions;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number, message: string) => void;
}

/** Each step begun and the outcome: progress must grow with every message, or clients never see it. */
const TICKS = STEPS.length + 1;

const VERBS: Readonly<Record<Step, string>> = {
  connect: "connecting",
  diff: "comparing with the running configuration",
  apply: "sending the lines",
  verify: "reading the configuration back",
};

/**
 * Devices one after the other. A device that refuses a line, or does not show it afterwards, ends the
 * rollout: the same lines would most likely do the same harm to the next. One that cannot be reached
 * does not.
 */
export async function rollOut({ targets, plan, ssh, signal, progress }: Rollout): Promise<DeviceOutcome[]> {
  const total = targets.length * TICKS;
  const outcomes: DeviceOutcome[] = [];
  let stopped: string | undefined;
  for (const [index, target] of targets.entries()) {
    const before = index * TICKS;
    if (signal.aborted) stopped ??= "Cancelled before this device was begun.";
    if (stopped !== undefined) {
      outcomes.push({ device: target.name, outcome: "skipped", changes: [], lines_sent: 0, message: stopped });
      continue;
    }
    const report = (device: string, step: Step): void =>
      progress(before + STEPS.indexOf(step) + 1, total, `${device}: ${VERBS[step]}`);
    const { outcome, suspect } = await pushToDevice({ target, plan, ssh, signal, report });
    outcomes.push(outcome);
    progress(before + TICKS, total, `${target.name}: ${outcome.outcome}`);
    if (suspect) stopped = `Not begun because ${target.name} ended as ${outcome.outcome}.`;
  }
  return outcomes;
}
