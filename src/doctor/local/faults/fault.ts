import type { Severity } from "../../types.js";
import type { LocalCheckName, LocalMend } from "../types.js";

/** What is known of a fault before it is met. */
export interface LocalFault {
  readonly check: LocalCheckName;
  readonly severity: Severity;
  readonly client: string;
  readonly why: string;
  readonly mend: LocalMend;
}
