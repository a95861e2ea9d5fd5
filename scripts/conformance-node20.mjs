/**
 * Preload (`node --import`) that lets the conformance suite start on Node 20: its bundle imports `globSync` from `fs`,
 * which Node 20 has not and only its command `tier-check` calls. Imports of `fs` by the suite are led to a module that
 * adds the missing name; nothing else is touched.
 */
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

const SUITE = /\/@modelcontextprotocol\/conformance\/dist\/[^/]+$/;
const FS = new Set(["fs", "node:fs"]);
const SHIM = `data:text/javascript,${encodeURIComponent(`
  export * from "node:fs";
  export { default } from "node:fs";
  export function globSync() {
    throw new Error("globSync needs Node 22");
  }
`)}`;

// Node loads this file a second time, on the thread of its hooks.
if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  if (FS.has(specifier) && SUITE.test(context.parentURL ?? "")) return { url: SHIM, shortCircuit: true };
  return await next(specifier, context);
}
