/** Everything that was printed while the other checks were made. */
import { localFault, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import type { LocalFinding } from "../types.js";

export async function* checkStdout({ printed }: LocalPatient): AsyncIterable<LocalFinding> {
  for (const [id, { seen, times }] of printed)
    yield localFault(id, times === 1 ? seen : `${seen} (${times} times in all)`);
  if (printed.size === 0) yield localSound("stdout", "clean", "nothing but messages, each on a line of its own");
}
