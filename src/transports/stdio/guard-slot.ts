/**
 * Where on `globalThis` the one guard of a process is found, also by another copy of this package. The
 * version is part of the name: a guard with another shape is not adopted.
 */
export const GUARD_SLOT: unique symbol = Symbol.for("holdfast.stdout-guard.v1");
