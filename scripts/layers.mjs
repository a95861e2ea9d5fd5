// Holds the plan of the house (design: rooms and levels): imports, type imports too, go down only; rooms of one level do
// not import each other; no value-import cycles. Prints every offence and exits 1.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(root, "src");

/** Room -> level. The longest matching prefix wins. */
const LEVELS = new Map([
  ["errors.ts", 0],
  ["util", 0],
  ["protocol", 1],
  ["stores", 1],
  ["auth", 1],
  ["audit", 2],
  ["operations", 2],
  ["streams", 2],
  ["sessions", 2],
  ["drivers/lmdb", 2],
  ["server", 3],
  ["transports/http", 4],
  ["transports/stdio", 4],
  ["transports/memory", 4],
  ["runtimes", 5],
  ["adapters", 5],
  ["mcp-server.ts", 6],
  ["main.ts", 7],
  ["index.ts", 8],
  ["guarded-fetch.ts", 1],
  ["stdio-guard.ts", 7],
  ["hold-output.ts", 7],
  ["node.ts", 8],
  ["drivers", 8],
  ["telemetry", 8],
  ["console", 8],
  ["bridge", 8],
  ["cli", 8],
  ["testing", 8],
  ["cli.ts", 9],
  ["deploy", 7],
  ["init", 7],
  ["doctor", 7],
  ["install", 7],
  ["dev", 7],
]);
/** Rooms of one level that may import each other, in this direction. */
const ALLOWED = new Set(["util>errors.ts", "operations>streams", "init>deploy"]);

const files = walk(src);
const offences = [];
const graph = new Map();
for (const file of files) {
  const name = relative(src, file);
  const room = roomOf(name);
  if (room === undefined) {
    offences.push(`${name}: belongs to no room; name it in scripts/layers.mjs`);
    continue;
  }
  const text = readFileSync(file, "utf8");
  graph.set(file, []);
  for (const { specifier, typeOnly } of importsOf(text)) {
    if (!specifier.startsWith(".")) continue;
    const target = resolve(dirname(file), specifier).replace(/\.js$/, ".ts");
    const other = roomOf(relative(src, target));
    if (other === undefined) offences.push(`${name}: imports ${specifier}, which is in no room`);
    else if (other !== room && !goesDown(room, other))
      offences.push(`${name}: ${room} may not import ${other} (${specifier})`);
    if (!typeOnly) graph.get(file).push(target);
  }
}
for (const cycle of cycles(graph)) offences.push(`cycle: ${cycle.map((file) => relative(src, file)).join(" -> ")}`);

if (offences.length > 0) {
  console.error(offences.join("\n"));
  process.exit(1);
}
console.log(`layers: ${files.length} files, no import goes up, no cycles`);

function walk(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return walk(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function roomOf(name) {
  const rooms = [...LEVELS.keys()].filter((room) => name === room || name.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0];
}

function goesDown(from, to) {
  return LEVELS.get(to) < LEVELS.get(from) || ALLOWED.has(`${from}>${to}`);
}

function importsOf(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const found = [];
  for (const match of code.matchAll(/\b(import|export)\s+(type\s+)?([^;"']*?)\s*from\s*["']([^"']+)["']/g)) {
    const names = match[3].startsWith("{")
      ? match[3]
          .slice(1, -1)
          .split(",")
          .map((one) => one.trim())
      : ["value"];
    const typeOnly = match[2] !== undefined || names.filter(Boolean).every((one) => one.startsWith("type "));
    found.push({ specifier: match[4], typeOnly });
  }
  for (const match of code.matchAll(/\bimport\s*["']([^"']+)["']/g))
    found.push({ specifier: match[1], typeOnly: false });
  // A dynamic import runs later: it may not go up either, but it closes no cycle at load time.
  for (const match of code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g))
    found.push({ specifier: match[1], typeOnly: true });
  return found;
}

function cycles(edges) {
  const state = new Map();
  const found = [];
  const visit = (file, path) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, "done");
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}
