import type { ConfigNode } from "../commands/config-tree.js";

/** What became of one device. */
export type Outcome =
  /** Sent, read back and found. */
  | "applied"
  /** Already as wanted: nothing was sent. */
  | "unchanged"
  /** Dry run: what would be sent. */
  | "planned"
  /** Sent, but the running configuration does not show all of it. */
  | "unverified"
  /** Nothing was sent, or the device refused a line; `message` says which. */
  | "failed"
  /** Not begun: cancelled, or an earlier device refused. */
  | "skipped";

export interface DeviceOutcome {
  readonly device: string;
  readonly outcome: Outcome;
  readonly changes: string[];
  readonly lines_sent: number;
  readonly message?: string;
}

export const STEPS = ["connect", "diff", "apply", "verify"] as const;
export type Step = (typeof STEPS)[number];

export interface PushPlan {
  readonly nodes: readonly ConfigNode[];
  readonly dryRun: boolean;
}

/** Told before each step begins. */
export type StepReport = (device: string, step: Step) => void;
