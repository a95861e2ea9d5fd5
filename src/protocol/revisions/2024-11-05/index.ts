import { defineRevision } from "../define.js";
import type { Revision } from "../types.js";
import { features } from "./features.js";
import { methods } from "./methods.js";
import { shapes } from "./shapes.js";

/** Revision 2024-11-05. */
export const revision: Revision = defineRevision("2024-11-05", { methods, shapes, features });
