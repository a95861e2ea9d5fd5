/** Pages of docs/ as a reader has them: their code blocks, and a block of configuration as it runs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import * as holdfast from "../../../src/index.js";

export const ROOT: string = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export function readPage(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

/** Blocks of one language, in order. */
export function blocks(page: string, language: string): readonly string[] {
  const fences = readPage(page).matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, found]) => found === language).map(([, , text = ""]) => text);
}

/** Runs a block that imports nothing but holdfast, and gives what it exports. */
export function evaluate(block: string): Readonly<Record<string, unknown>> {
  const { code } = transformSync(block, { loader: "ts", format: "cjs", target: "node20" });
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): unknown => {
    if (name === "holdfast") return holdfast;
    throw new Error(`the block imports ${name}`);
  };
  new Function("require", "module", "exports", code)(require, module, module.exports);
  return module.exports;
}
