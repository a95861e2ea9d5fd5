/** Where things are, and where they are published. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const SITE = fileURLToPath(new URL("../", import.meta.url));
/** What VitePress reads: copies of the Markdown of the repository, and what is generated. */
export const PAGES = `${SITE}.tmp/pages/`;
export const OUT = `${SITE}dist/`;

export const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

/** The page of the repository on its code host, without a slash at the end; undefined while package.json names none. */
export const repository = (manifest.repository?.url ?? manifest.repository)
  ?.replace(/^git\+/, "")
  .replace(/\.git$/, "")
  .replace(/\/$/, "");
