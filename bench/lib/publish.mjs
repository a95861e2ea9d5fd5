/** Keeps what a run of the whole table found: results, chart, and the table in the documentation. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { markdown } from "./report-markdown.mjs";
import { svg } from "./report-svg.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LATEST = `${ROOT}bench/results/latest.json`;
const DOCS = `${ROOT}docs/bench.md`;
const BLOCK = /(<!-- bench:begin[^>]*-->)[\s\S]*?(<!-- bench:end -->)/;

export function publish(results, { complete, mode }) {
  if (!complete) return console.error("bench: part of the table; results/ and docs/ stay as they are");
  if (mode === "quick" && existsSync(LATEST) && JSON.parse(readFileSync(LATEST, "utf8")).mode === "full") {
    return console.error("bench: a quick run; results/ and docs/ keep those of the last full run");
  }
  mkdirSync(`${ROOT}bench/results`, { recursive: true });
  mkdirSync(`${ROOT}docs/assets`, { recursive: true });
  const table = markdown(results);
  writeFileSync(LATEST, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(`${ROOT}bench/results/latest.md`, table);
  writeFileSync(`${ROOT}docs/assets/bench.svg`, svg(results));
  if (!existsSync(DOCS)) return;
  const text = readFileSync(DOCS, "utf8");
  writeFileSync(
    DOCS,
    text.replace(BLOCK, (_all, begin, end) => `${begin}\n${table}\n${end}`),
  );
}
