/** [55, 56] The generated configuration of Caddy, in the real program. */
import { describeProxy } from "./helpers/suite.js";

describeProxy("caddy");
