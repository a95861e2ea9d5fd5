/** What stands between clients and a server, examined from the outside. */
export { EXIT, examine, exitCodeOf, isFault } from "./examine.js";
export { examineLocal } from "./local/examine.js";
export {
  LOCAL_CHECKS,
  type LocalCheckName,
  type LocalFinding,
  type LocalMend,
  type LocalOptions,
} from "./local/types.js";
export {
  CHECKS,
  type CheckName,
  type DoctorOptions,
  type DoctorProgress,
  type Finding,
  type Mend,
  type Severity,
} from "./types.js";
