import { defineRevision } from "../define.js";
import type { Revision } from "../types.js";
import { features } from "./features.js";
import { methods } from "./methods.js";
import { shapes } from "./shapes.js";

/** Revision 2025-06-18. */
export const revision: Revision = defineRevision("2025-06-18", { methods, shapes, features });
