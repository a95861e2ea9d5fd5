/**
 * A place where the Node entry leaves word how to settle output that it holds back until somebody decides what stdout
 * is for. Empty elsewhere: the engine itself knows nothing of stdout.
 */
type Settle = (destination: "stdout" | "stderr") => void;

let settle: Settle | undefined;

/** Says whom to tell. */
export function onOutputDecided(listener: Settle): void {
  settle = listener;
}

/** Tells that stdout will carry the protocol (`stderr` gets what was printed) or not. */
export function decideOutput(destination: "stdout" | "stderr"): void {
  settle?.(destination);
}
