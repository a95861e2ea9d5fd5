import { defineRevision } from "../define.js";
import type { Revision } from "../types.js";
import { features } from "./features.js";
import { methods } from "./methods.js";
import { shapes } from "./shapes.js";

/** Revision 2025-11-25. */
export const revision: Revision = defineRevision("2025-11-25", { methods, shapes, features });
