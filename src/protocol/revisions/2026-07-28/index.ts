import { defineRevision } from "../define.js";
import type { Revision } from "../types.js";
import { features } from "./features.js";
import { methods } from "./methods.js";
import { shapes } from "./shapes.js";

/** Revision 2026-07-28. */
export const revision: Revision = defineRevision("2026-07-28", { methods, shapes, features });
