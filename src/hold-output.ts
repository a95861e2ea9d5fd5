/** Evaluated before everything else that a server imports after this package; see `docs/stdio-guard.md`. */
import { holdEarlyOutput, settleEarlyOutput } from "./transports/stdio/early-output.js";
import { onOutputDecided } from "./util/early-output.js";

holdEarlyOutput();
onOutputDecided(settleEarlyOutput);
