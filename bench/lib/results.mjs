/** One record of a run: rows in the order of the table, every cell with its number or the reason why it has none. */
import { isRival, reasonAgainst, YARDSTICKS } from "../servers/peers.mjs";

export function assemble(measured, options, environment) {
  const rows = options.rows.map((row) => {
    const cells = options.peers.map((peer) => [peer.name, cellOf(row, peer, measured[row.name]?.[peer.name])]);
    const peers = Object.fromEntries(cells);
    const { name, title, unit, goal, goalPerSecond, milestone } = row;
    return { name, title, unit, goal, goalPerSecond, milestone, best: bestOf(row, options.peers, peers), peers };
  });
  const peers = options.peers.map(({ name, label }) => ({ name, label }));
  return { mode: options.mode, complete: options.complete, ...environment, peers, rows };
}

function cellOf(row, peer, found) {
  const against = reasonAgainst(peer, row);
  if (against !== undefined) return { reason: against };
  if (found === undefined) return { reason: "was not measured" };
  if (found.value === undefined || !YARDSTICKS.has(peer.name)) return { ...found, ...standing(row, found) };
  return found;
}

/** "goal", "milestone" or "miss". */
function standing(row, { value, tolerance = 0, handles = 0, us }) {
  if (value === undefined) return {};
  if (row.goalPerSecond !== undefined) return { meets: 1e6 / us.median >= row.goalPerSecond ? "goal" : "miss" };
  if (row.goal === undefined) return {};
  // A handle that stays is a miss, whatever the heap says.
  if (handles > 0) return { meets: "miss" };
  if (value <= row.goal + tolerance) return { meets: "goal" };
  return { meets: row.milestone !== undefined && value <= row.milestone ? "milestone" : "miss" };
}

/** What makes a run fail: wrong answers of anybody, and a row that Holdfast could not finish. */
export function failures({ rows }) {
  const cells = rows.flatMap(({ peers }) => Object.entries(peers));
  const failed = cells.filter(([name, { wrong }]) => wrong === true || (name === "holdfast" && wrong !== undefined));
  return failed.map(([, { reason }]) => reason);
}

/** The number without what cannot be told from the noise of a heap. */
export function told({ value, tolerance = 0 }) {
  return Math.abs(value) <= tolerance ? 0 : value;
}

/** Against itself a slow server is no better than a fast one: there the best is whose call costs least. */
function bestOf({ unit }, peers, cells) {
  const rivals = peers.filter((peer) => isRival(peer) && cells[peer.name].value !== undefined);
  const cost = ({ name }) => (unit === "x own" ? cells[name].us.median : told(cells[name]));
  return rivals.sort((a, b) => cost(a) - cost(b))[0]?.name;
}
