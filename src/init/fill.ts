import { serviceName } from "./names.js";

/**
 * Fills `{{name}}` and `{{service}}`. The modules that a template imports are written `{{module:zod}}`, because what
 * checks the imports of this package must not take them for its own.
 */
export function fill(text: string, name: string): string {
  const values: Readonly<Record<string, string>> = { name, service: serviceName(name) };
  return text
    .replaceAll(/\{\{module:([^}]+)\}\}/g, (_, module: string) => JSON.stringify(module))
    .replaceAll(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole);
}
