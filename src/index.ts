/** What `import "holdfast"` gives where there is no Node: the package, and what Node would load when it is needed. */
import * as crypto from "node:crypto";
import { provideCrypto } from "./util/crypto.js";

provideCrypto(crypto);

export * from "./main.js";
