/** [55, 56] The generated configuration of HAProxy, in the real program. */
import { describeProxy } from "./helpers/suite.js";

describeProxy("haproxy");
