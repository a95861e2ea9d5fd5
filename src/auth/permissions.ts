import type { Principal } from "./principal.js";

/**
 * What a tool, resource or prompt asks of its caller: one permission, several (all of them), one of several, or a
 * function of the caller and the arguments (undefined when a list is made). Anything but `true` denies.
 */
export type Requirement =
  | string
  | readonly string[]
  | { readonly allOf: readonly string[] }
  | { readonly anyOf: readonly string[] }
  | ((principal: Principal, args: unknown) => boolean | Promise<boolean>);

/** True when one of the granted permissions is `wanted`, `*`, or a prefix wildcard such as `netbox:*`. */
export function hasPermission(granted: readonly string[], wanted: string): boolean {
  for (const permission of granted) {
    if (permission === wanted || permission === "*") return true;
    if (permission.endsWith(":*") && wanted.startsWith(permission.slice(0, -1))) return true;
  }
  return false;
}

/** Evaluates a requirement now, for this caller. A function that throws denies: the check fails closed. */
export function isPermitted(requirement: Requirement, principal: Principal, args: unknown): boolean | Promise<boolean> {
  const has = (permission: string) => hasPermission(principal.permissions, permission);
  if (typeof requirement === "string") return has(requirement);
  if (typeof requirement === "function") return askFunction(requirement, principal, args);
  if ("anyOf" in requirement) return requirement.anyOf.some(has);
  return ("allOf" in requirement ? requirement.allOf : requirement).every(has);
}

function askFunction(
  requirement: (principal: Principal, args: unknown) => boolean | Promise<boolean>,
  principal: Principal,
  args: unknown,
): boolean | Promise<boolean> {
  try {
    const answer = requirement(principal, args);
    if (typeof answer === "boolean") return answer;
    return Promise.resolve(answer).then(
      (late) => late === true,
      () => false,
    );
  } catch {
    return false;
  }
}
