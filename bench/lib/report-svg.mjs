/** The chart of the README: CPU per call as a multiple of a bare server, one group of bars per row. */
const SHOWN = {
  json: "tools/call, JSON",
  modern: "tools/call, 2026-07-28",
  large: "10 KiB",
  progress: "20 progress events",
  session: "whole session",
  sse: "HTTP+SSE",
  stdio: "stdio, pipelined",
};
const BARS = [
  { of: () => "holdfast", css: "own" },
  { of: (row) => row.best, css: "peer" },
  { of: () => "sdk2", css: "sdk" },
];
const LEFT = 190;
const WIDTH = 760;
const RIGHT = 150;
const BAR = 13;
const TOP = 58;
const STYLE = `text{font:12px system-ui,sans-serif;fill:#24292f}.h{font-weight:600;font-size:15px}.q{fill:#57606a}
.own{fill:#1a7f37}.peer{fill:#8c959f}.sdk{fill:#c9ced4}.one{stroke:#24292f;stroke-dasharray:3 3}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.q{fill:#9198a1}.own{fill:#3fb950}.peer{fill:#6e7681}.sdk{fill:#424a53}.one{stroke:#e6edf3}}`;

export function svg(results) {
  const groups = results.rows
    .filter((row) => SHOWN[row.name] !== undefined)
    .map((row) => ({ row, bars: barsOf(row, results) }));
  const most = Math.max(2, ...groups.flatMap(({ bars }) => bars.map((bar) => bar.value)));
  const x = (value) => (value / most) * (WIDTH - LEFT - RIGHT);
  let y = TOP;
  const parts = groups.map(({ row, bars }) => {
    const label = `<text x="${LEFT - 10}" y="${y + 11}" text-anchor="end">${SHOWN[row.name]}</text>`;
    const drawn = bars.map(({ value, css, label: name }, index) => {
      const top = y + index * (BAR + 2);
      const text = `<text class="q" x="${LEFT + x(value) + 6}" y="${top + 11}">${value.toFixed(1)}× ${name}</text>`;
      return `<rect class="${css}" x="${LEFT}" y="${top}" width="${x(value).toFixed(1)}" height="${BAR}" rx="2"/>${text}`;
    });
    y += bars.length * (BAR + 2) + 12;
    return [label, ...drawn].join("\n");
  });
  const one = (LEFT + x(1)).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 24}" role="img" aria-label="CPU per call as a multiple of a bare node:http server">
<style>${STYLE}</style>
<text class="h" x="16" y="24">CPU per call, as a multiple of a bare Node server</text>
<text class="q" x="16" y="43">lower is better; each row: Holdfast, the best other framework, the official SDK 2.x</text>
${parts.join("\n")}
<line class="one" x1="${one}" y1="${TOP - 4}" x2="${one}" y2="${y - 4}"/>
<text class="q" x="${one}" y="${y + 10}" text-anchor="middle">1× = bare</text>
</svg>
`;
}

function barsOf(row, { peers }) {
  const names = [...new Set(BARS.map(({ of }) => of(row)))];
  return BARS.map(({ of, css }) => ({ name: of(row), css }))
    .filter(({ name }, index) => row.peers[name]?.value !== undefined && names.indexOf(name) === index)
    .map(({ name, css }) => ({
      css,
      value: row.peers[name].value,
      label: peers.find((peer) => peer.name === name).label,
    }));
}
