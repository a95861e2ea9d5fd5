import type { Call } from "./call.js";
import type { RequestContext } from "./types.js";

type Reader = (ctx: RequestContext) => Call;
let read: Reader | undefined;

/** Contexts tell how to get behind them when they are loaded, long after the code that asks. */
export function setCallReader(reader: Reader): void {
  read = reader;
}

/** The call behind a context. */
export function callOf(ctx: RequestContext): Call {
  if (read === undefined) throw new Error("there is no context yet");
  return read(ctx);
}
