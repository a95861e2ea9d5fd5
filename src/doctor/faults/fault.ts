import type { CheckName, Mend, Severity } from "../types.js";

/** What is known of a fault before it is met. */
export interface Fault {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly client: string;
  readonly why: string;
  readonly mend: Mend;
}
