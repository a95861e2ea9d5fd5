import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Root } from "@modelcontextprotocol/client";
import { usage } from "./errors.js";

/** Folders that the server is told of. What it does with them is its own affair: they permit and forbid nothing. */
export function rootsOf(folders: unknown): readonly Root[] {
  return (Array.isArray(folders) ? (folders as readonly string[]) : []).map((folder) => {
    const path = resolve(folder);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw usage(`--root: ${folder} is no folder.`);
    return { uri: pathToFileURL(path).href, name: basename(path) };
  });
}
