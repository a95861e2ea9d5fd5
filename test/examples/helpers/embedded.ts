/**
 * The embedded database in memory, without the ten seconds that making a new cluster takes on a busy machine: the first
 * test that needs one keeps an image of it below `.tmp`, the others start from that.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import type { Database } from "../../../examples/warehouse/src/db/database.js";
import { prepareDatabase } from "../../../examples/warehouse/src/db/open.js";
import { fromPglite } from "../../../examples/warehouse/src/db/pglite.js";

const CACHE = fileURLToPath(new URL("../../../.tmp/", import.meta.url));
/** Where the package is: `<package>/dist/index.cjs`. */
const ENTRY = createRequire(import.meta.url).resolve("@electric-sql/pglite");

export async function openEmbedded({ seed = false }: { readonly seed?: boolean } = {}): Promise<Database> {
  const database = fromPglite(await PGlite.create({ loadDataDir: new Blob([await image()]) }));
  await prepareDatabase(database, { seed });
  return database;
}

async function image(): Promise<Uint8Array<ArrayBuffer>> {
  const manifest = await readFile(join(dirname(dirname(ENTRY)), "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const file = join(CACHE, `pglite-${version}.tar`);
  if (existsSync(file)) return new Uint8Array(await readFile(file));
  const fresh = await PGlite.create();
  const bytes = new Uint8Array(await (await fresh.dumpDataDir("none")).arrayBuffer());
  await fresh.close();
  await mkdir(CACHE, { recursive: true });
  // There as a whole or not at all: other tests look for it at the same time.
  const own = `${file}-${process.pid}`;
  await writeFile(own, bytes);
  await rename(own, file);
  return bytes;
}
