import { readFileSync } from "node:fs";

/** Of this package; its package.json is beside the folder of the built program. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { readonly version?: unknown }).version);
}
