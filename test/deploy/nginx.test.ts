/** [55, 56] The generated configuration of nginx, in the real program. */
import { describeProxy } from "./helpers/suite.js";

describeProxy("nginx");
