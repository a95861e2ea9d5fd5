/** The progress on the terminal, and the table at the end. */

const COLUMNS = ["calls", "attempts", "cuts", "kills", "results", "replayed", "resumed", "unknown", "effects", "twice"];
const HEADS = { twice: "effects twice" };
const TICK_MS = 1000;
const TERMINAL_TICK_MS = 100;

/** Tells how far a lane is: in place on a terminal, one line per second elsewhere. Returns what ends it. */
export function showProgress(lane) {
  const { isTTY } = process.stderr;
  const show = () => {
    const { title, calls, answered, cuts, kills } = lane;
    const text = `${title.padEnd(20)} ${answered}/${calls.length} calls answered, ${cuts} cuts, ${kills} kills`;
    process.stderr.write(isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  };
  const timer = setInterval(show, isTTY ? TERMINAL_TICK_MS : TICK_MS);
  return () => {
    clearInterval(timer);
    show();
    if (isTTY) process.stderr.write("\n");
  };
}

export function tableOf(rows) {
  const total = { title: "together" };
  for (const name of COLUMNS) total[name] = rows.reduce((sum, row) => sum + row[name], 0);
  const lines = [["", ...COLUMNS.map((name) => HEADS[name] ?? name)]];
  for (const row of [...rows, total]) lines.push([row.title, ...COLUMNS.map((name) => String(row[name]))]);
  const widths = lines[0].map((_, index) => Math.max(...lines.map((line) => line[index].length)));
  const padded = (text, index) => (index === 0 ? text.padEnd(widths[index]) : text.padStart(widths[index]));
  return lines.map((line) => line.map(padded).join("  ").trimEnd()).join("\n");
}
