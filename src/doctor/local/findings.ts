/** Every finding of a server on stdio. */
import type { LocalFault } from "./faults/fault.js";
import { LIFE_FAULTS, type LifeFault } from "./faults/life.js";
import { OUTPUT_FAULTS, type OutputFault } from "./faults/output.js";
import { PROTOCOL_FAULTS, type ProtocolFault } from "./faults/protocol.js";
import { START_FAULTS, type StartFault } from "./faults/start.js";
import type { LocalCheckName, LocalFinding } from "./types.js";

export type LocalFaultId = StartFault | OutputFault | ProtocolFault | LifeFault;

/** Documentation is made of it. */
export const LOCAL_FAULTS: Readonly<Record<LocalFaultId, LocalFault>> = {
  ...START_FAULTS,
  ...OUTPUT_FAULTS,
  ...PROTOCOL_FAULTS,
  ...LIFE_FAULTS,
};

type Details = Partial<Pick<LocalFinding, "revision" | "severity" | "client" | "why" | "mend">>;

export function localFault(id: LocalFaultId, seen: string, details: Details = {}): LocalFinding {
  return { id, ...LOCAL_FAULTS[id], seen, ...details };
}

export function localSound(check: LocalCheckName, id: string, seen: string): LocalFinding {
  return { id, check, severity: "ok", seen };
}

export function localNote(check: LocalCheckName, id: string, seen: string): LocalFinding {
  return { id, check, severity: "info", seen };
}
