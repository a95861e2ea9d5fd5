/** What stands between clients and a server, examined from the outside. */
export { EXIT, examine, exitCodeOf, isFault } from "./examine.js";
export { CHECKS, type CheckName, type DoctorOptions, type Finding, type Mend, type Severity } from "./types.js";
