/** The table of a run. */

import { SAME, YARDSTICKS } from "../servers/peers.mjs";
import { told } from "./results.mjs";

const VARIANT =
  "- mcp-lite*: asked for JSON alone, which no conforming client does; its best form, not counted as the best peer.";
const MARKS = { goal: "✓✓", milestone: "✓", miss: "✗" };

export function markdown(results) {
  const others = results.peers.filter(({ name }) => name !== "bare" && name !== "holdfast");
  const own = results.peers.some(({ name }) => name === "holdfast");
  const head = [
    "What",
    "Goal",
    "First milestone",
    "bare",
    ...(own ? ["**Holdfast**"] : []),
    "Best peer",
    ...labels(others),
  ];
  const lines = results.rows.map((row) => [
    row.title,
    row.goalPerSecond === undefined ? limit(row, row.goal) : `≥ ${row.goalPerSecond} calls/s of one core`,
    limit(row, row.milestone),
    bareCell(row),
    ...(own ? [ownCell(row)] : []),
    row.best === undefined ? "–" : bestCell(row, row.peers[row.best], labelOf(results, row.best)),
    ...others.map(({ name }) => cell(row, row.peers[name])),
  ]);
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `${origin(results)}\n\n${table}\n\n${legend()}${reasons(results)}`;
}

function bestCell(row, found, label) {
  return `${number(row, told(found))}${perCall(row, found)} (${label})`;
}

/** What a call costs, where the number itself compares a server with itself alone. */
function perCall({ unit }, { us }) {
  return unit === "x own" ? `, ${us.median.toFixed(0)} µs` : "";
}

function labels(peers) {
  return peers.map(({ label }) => label);
}

function labelOf({ peers }, name) {
  return peers.find((peer) => peer.name === name).label;
}

function origin({ mode, date, node, cpu, cores, commit, versions, seconds }) {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `A ${mode} run of ${date.slice(0, 16).replace("T", " ")} UTC (${Math.ceil(seconds / 60)} min), commit ${commit}, Node ` +
    `${node.slice(1)}, ${cores} cores of ${cpu}, the server alone on one. ${list.join(", ")}.`
  );
}

function legend() {
  return (
    "Medians; quartiles in brackets. ✓✓ meets the goal, ✓ the first milestone, ✗ neither. " +
    "`x`: CPU per call against the bare server in the same round; `x own`: against the same server with one tool, and what a call costs with all of them."
  );
}

function limit({ unit }, value) {
  return value === undefined ? "" : `${value === 0 ? "" : "≤ "}${value} ${unit}`;
}

function number({ unit }, value) {
  const digits = unit === "x" || unit === "x own" ? 2 : unit === "KiB" ? 1 : 0;
  const text = value.toFixed(digits);
  return `${Number(text) === 0 ? (0).toFixed(digits) : text} ${unit}`;
}

function cell(row, found) {
  if (found?.value === undefined) return "–";
  if (told(found) === 0) return number(row, 0);
  if (found.p25 === found.p75) return number(row, found.value);
  const range = `${bound(row, found.p25)}–${bound(row, found.p75)}`;
  return `${number(row, found.value)} (${range})${perCall(row, found)}`;
}

function bound(row, value) {
  return number(row, value).split(" ")[0];
}

function ownCell(row) {
  const found = row.peers.holdfast;
  if (found.value === undefined) return "–";
  const perSecond = row.goalPerSecond === undefined ? "" : `, ${Math.round(1e6 / found.us.median)} calls/s`;
  return `${found.meets === undefined ? "" : `${MARKS[found.meets]} `}**${cell(row, found)}**${perSecond}`;
}

/** What the yardstick itself costs. */
function bareCell({ unit, peers }) {
  const found = peers.bare;
  if (found.us !== undefined) return `${found.us.median.toFixed(1)} µs`;
  if (found.cpuMs !== undefined) return `${found.cpuMs.median.toFixed(0)} ms`;
  if (found.rssKib !== undefined) return `${found.rssKib.toFixed(1)} KiB`;
  return found.value === undefined ? "–" : `${found.value.toFixed(0)} ${unit}`;
}

/** Why cells are empty, one line per peer and reason. */
function reasons({ rows, peers }) {
  const lines = peers.flatMap(({ name, label }) => {
    const why = new Map();
    for (const row of rows) {
      const { reason = SAME, wrong } = row.peers[name];
      // That a yardstick does not take part needs no word; that it failed does.
      if (reason !== SAME && (wrong !== undefined || !YARDSTICKS.has(name)))
        why.set(reason, [...(why.get(reason) ?? []), row.name]);
    }
    return [...why].map(
      ([reason, names]) => `- ${label}, ${names.join(", ")}: ${reason.split("\n")[0].slice(0, 200)}.`,
    );
  });
  const variants = peers.some(({ label }) => label.endsWith("*")) ? [VARIANT] : [];
  return `\n\n${[...variants, ...lines].join("\n")}\n`;
}
