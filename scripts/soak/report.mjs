/** Rows of figures with their bounds, and the table of them. */
import { isDeepStrictEqual } from "node:util";
import { alive } from "./process.mjs";

export const KIB = 1024;
export const MIB = 1_048_576;

/** Collects the rows of one scenario; each is said at once, so that a run that takes minutes shows where it is. */
export class Report {
  rows = [];
  #say;

  constructor(say) {
    this.#say = say;
  }

  say(text) {
    this.#say(text);
  }

  /** A figure that must not be above its bound. */
  atMost(scenario, what, figure, bound, unit = "") {
    return this.#add({ scenario, what, figure, bound: `<= ${shown(bound)}${unit}`, unit, pass: figure <= bound });
  }

  /** A figure that must be what it is expected to be. */
  equal(scenario, what, figure, expected) {
    return this.#add({ scenario, what, figure, bound: `= ${shown(expected)}`, unit: "", pass: figure === expected });
  }

  /** A figure that is good to know. */
  note(scenario, what, figure, unit = "") {
    return this.#add({ scenario, what, figure, bound: "", unit, pass: undefined });
  }

  /** Whether everybody else was answered meanwhile. */
  others(scenario, { answered, made, slowestMs }) {
    this.equal(scenario, "calls of others answered", answered, made);
    this.note(scenario, "the slowest of them", slowestMs, " ms");
  }

  /** Whether nothing is alive in a server, or still reachable, that was not at its start, and if not, what is. */
  nothingLeft(scenario, server, now) {
    this.#asAtStart(scenario, "handles, timers, listeners", { now: alive(now), fresh: alive(server.fresh) });
    this.#asAtStart(scenario, "sockets, requests, signals in the heap", {
      now: now.objects,
      fresh: server.fresh.objects,
    });
  }

  #asAtStart(scenario, what, { now, fresh }) {
    const left = Object.keys(fresh).filter((name) => !isDeepStrictEqual(now[name], fresh[name]));
    const figure = left.map((name) => `${name} ${show(fresh[name])} -> ${show(now[name])}`).join("; ") || "as at start";
    return this.#add({ scenario, what, figure, bound: "= as at start", unit: "", pass: left.length === 0 });
  }

  #add(row) {
    this.rows.push(row);
    this.#say(`${mark(row)} ${row.scenario}: ${row.what} ${shown(row.figure)}${row.unit} ${row.bound}`.trimEnd());
  }
}

/** The rows as a table of Markdown. */
export function tableOf(rows) {
  const head = ["Scenario", "Figure", "Value", "Bound", ""];
  const cells = rows.map((row) => [row.scenario, row.what, `${shown(row.figure)}${row.unit}`, row.bound, mark(row)]);
  const widths = head.map((_, column) => Math.max(3, ...[head, ...cells].map((line) => line[column].length)));
  const line = (parts) => `| ${parts.map((part, column) => part.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

function mark({ pass }) {
  if (pass === undefined) return "";
  return pass ? "pass" : "FAIL";
}

function shown(value) {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

function show(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
