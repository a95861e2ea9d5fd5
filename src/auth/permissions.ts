import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Principal } from "./principal.js";

/** Permissions by name: one, all of several, or one of several; each of several may be such a combination itself. */
export type Permissions =
  | string
  | readonly Permissions[]
  | { readonly allOf: readonly Permissions[] }
  | { readonly anyOf: readonly Permissions[] };

/**
 * What a tool, resource or prompt asks of its caller: permissions, or a function of the caller and the arguments
 * (undefined when a list is made). The function answers `true`, or the permissions that this call needs after all;
 * anything else denies, a thrown error included.
 */
export type Requirement = Permissions | ((principal: Principal, args: unknown) => Ruling | Promise<Ruling>);
/** What a function in `requires` decides: allowed or not, or the permissions it takes. */
export type Ruling = boolean | Permissions;

/** A refusal: all permissions the call needs, those the caller has included; empty when none would help. */
export interface Denial {
  readonly permissions: readonly string[];
}

const NO_PERMISSION_HELPS: Denial = { permissions: [] };

/**
 * True when one of the granted permissions is `wanted`, `*`, or a prefix wildcard such as `netbox:*`. The rule by which
 * tools are guarded, for what stands beside them.
 *
 * @example
 * ```ts
 * import { hasPermission } from "holdfast";
 *
 * console.log(hasPermission(["netbox:*"], "netbox:read")); // true
 * ```
 */
export function hasPermission(granted: readonly string[], wanted: string): boolean {
  for (const permission of granted) {
    if (permission === wanted || permission === "*") return true;
    if (permission.endsWith(":*") && wanted.startsWith(permission.slice(0, -1))) return true;
  }
  return false;
}

/** Evaluates a requirement now, for this caller. A function that throws denies: the check fails closed. */
export function decide(requirement: Requirement, principal: Principal, args: unknown): MaybePromise<true | Denial> {
  if (typeof requirement !== "function") return decideNamed(requirement, principal);
  try {
    const ruling = requirement(principal, args);
    if (!isThenable(ruling)) return ruleOn(ruling as Ruling, principal);
    return Promise.resolve(ruling).then(
      (late) => ruleOn(late as Ruling, principal),
      () => NO_PERMISSION_HELPS,
    );
  } catch {
    return NO_PERMISSION_HELPS;
  }
}

function decideNamed(wanted: Permissions, { permissions }: Principal): true | Denial {
  return isMet(wanted, permissions) ? true : { permissions: [...new Set(needed(wanted, permissions))] };
}

/** What a function answered. Nothing required (an empty list) is more likely a mistake of it than a permission. */
function ruleOn(ruling: Ruling, principal: Principal): true | Denial {
  if (ruling === true) return true;
  if (!isPermissions(ruling) || needed(ruling, []).length === 0) return NO_PERMISSION_HELPS;
  return decideNamed(ruling, principal);
}

function isPermissions(value: unknown): value is Permissions {
  if (typeof value === "string") return value !== "";
  if (Array.isArray(value)) return value.every(isPermissions);
  if (typeof value !== "object" || value === null) return false;
  const { anyOf, allOf } = value as { readonly anyOf?: unknown; readonly allOf?: unknown };
  return (anyOf === undefined) !== (allOf === undefined) && isPermissions(anyOf ?? allOf);
}

function isMet(wanted: Permissions, granted: readonly string[]): boolean {
  if (typeof wanted === "string") return hasPermission(granted, wanted);
  if ("anyOf" in wanted) return wanted.anyOf.some((one) => isMet(one, granted));
  return allOf(wanted).every((one) => isMet(one, granted));
}

/** All names that would do; of alternatives the one that asks for the least beyond what was granted. */
function needed(wanted: Permissions, granted: readonly string[]): readonly string[] {
  if (typeof wanted === "string") return [wanted];
  if (!("anyOf" in wanted)) return allOf(wanted).flatMap((one) => needed(one, granted));
  let best: readonly string[] | undefined;
  for (const one of wanted.anyOf) {
    const names = needed(one, granted);
    if (best === undefined || countMissing(names, granted) < countMissing(best, granted)) best = names;
  }
  return best ?? [];
}

/** All permissions by which this caller may do what `requirement` guards; none for a function. */
export function permissionsNeeded(requirement: Requirement | undefined, { permissions }: Principal): readonly string[] {
  if (requirement === undefined || typeof requirement === "function") return [];
  return [...new Set(needed(requirement, permissions))];
}

function countMissing(names: readonly string[], granted: readonly string[]): number {
  return names.filter((name) => !hasPermission(granted, name)).length;
}

function allOf(wanted: readonly Permissions[] | { readonly allOf: readonly Permissions[] }): readonly Permissions[] {
  return "allOf" in wanted ? wanted.allOf : wanted;
}

/** Every permission that a requirement names; none for a function, which names them when it is asked. */
export function namedPermissions(requirement: Requirement | undefined): readonly string[] {
  if (requirement === undefined || typeof requirement === "function") return [];
  if (typeof requirement === "string") return [requirement];
  return ("anyOf" in requirement ? requirement.anyOf : allOf(requirement)).flatMap(namedPermissions);
}

/**
 * Throws a TypeError for a requirement that could never be checked, e.g. with a misspelt member: said at registration,
 * not by denying everybody later.
 */
export function assertRequirement(requirement: unknown, of: string): asserts requirement is Requirement {
  if (typeof requirement === "function" || isPermissions(requirement)) return;
  const forms = "a permission, a list of them (all), { allOf: [...] }, { anyOf: [...] } or a function";
  throw new TypeError(`${of}: requires must be ${forms}, got ${JSON.stringify(requirement)}`);
}
