/** Screens as one animated SVG: text that stays sharp, a few kilobytes, and no script. */

const CHAR_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const FONT_SIZE = 14;
const MARGIN = 16;
const BAR = 30;
/** Changes that come closer than this are one frame: nobody sees more, and each costs bytes. */
const SHORTEST_FRAME_MS = 40;

const STYLE = `
.w{fill:#16181d}.bar{fill:#23262e}.t{font:12px system-ui,sans-serif;fill:#9aa3b2}
text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9;white-space:pre}
.b{font-weight:700}.d{fill:#8b94a5}.i{font-style:italic}.v{fill:#8fbcff}
.c0{fill:#5c6370}.c1{fill:#ff7b86}.c2{fill:#9fd98a}.c3{fill:#e8c37a}.c4{fill:#79b8ff}.c5{fill:#d8a0f0}.c6{fill:#6cd0d8}.c7{fill:#d8dee9}`;

/** `title` stands in the bar of the window and is what a screen reader says, with the last screen as the description. */
export function svgOf({ frames, durationMs, columns, rows }, title) {
  const film = merge(frames);
  const used = Math.max(...film.map(({ screen }) => screen.findLastIndex((row) => row.length > 0))) + 1;
  const shown = Math.min(rows, used + 1);
  const width = Math.ceil(columns * CHAR_WIDTH + 2 * MARGIN);
  const height = BAR + shown * LINE_HEIGHT + 2 * MARGIN;
  const lines = new Map();
  const screens = film.map(({ screen }, index) => placed(screen.slice(0, shown), lines, index * height));
  const steps = film.map(({ atMs }, index) => {
    const at = ((atMs / durationMs) * 100).toFixed(3);
    return `${at}%{transform:translateY(${-index * height}px)}`;
  });
  const last = film.length - 1;
  const motion = `.f{animation:f ${(durationMs / 1000).toFixed(2)}s step-end infinite}@keyframes f{${steps.join("")}}
@media (prefers-reduced-motion:reduce){.f{animation:none;transform:translateY(${-last * height}px)}}`;
  const defs = [...lines].map(([content, id]) => `<g id="${id}">${content}</g>`).join("\n");
  const description = escaped(
    film[last].screen
      .map((row) => row.map(({ text }) => text).join(""))
      .join("\n")
      .trim(),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">
<title id="t">${escaped(title)}</title>
<desc id="d">${description}</desc>
<style>${STYLE}
${motion}</style>
<rect class="w" width="${width}" height="${height}" rx="8"/>
<path class="bar" d="M0 ${BAR}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${BAR}z"/>
<circle cx="18" cy="15" r="5" fill="#ff6b66"/><circle cx="36" cy="15" r="5" fill="#f2c14e"/><circle cx="54" cy="15" r="5" fill="#62c554"/>
<text class="t" x="${width / 2}" y="19" text-anchor="middle">${escaped(title)}</text>
<defs><clipPath id="c"><path d="M0 ${BAR}h${width}v${height - BAR}H0z"/></clipPath>
${defs}</defs>
<g clip-path="url(#c)"><g class="f">
${screens.join("\n")}
</g></g>
</svg>
`;
}

function merge(frames) {
  const film = [];
  for (const frame of frames) {
    const last = film.at(-1);
    if (last !== undefined && JSON.stringify(last.screen) === JSON.stringify(frame.screen)) continue;
    if (last !== undefined && frame.atMs - last.atMs < SHORTEST_FRAME_MS) last.screen = frame.screen;
    else film.push({ ...frame });
  }
  return film;
}

/** One screen below the others; a line that was there before is drawn by its name. */
function placed(screen, lines, top) {
  const uses = screen.flatMap((row, y) => {
    if (row.length === 0) return [];
    const content = row.map(drawn).join("");
    const id = lines.get(content) ?? `l${lines.size}`;
    lines.set(content, id);
    return [`<use href="#${id}" y="${(top + BAR + MARGIN + (y + 0.8) * LINE_HEIGHT).toFixed(1)}"/>`];
  });
  return uses.join("");
}

function drawn({ x, style, text }) {
  const lead = text.length - text.trimStart().length;
  const word = text.trim();
  if (word === "") return "";
  const at = (MARGIN + (x + lead) * CHAR_WIDTH).toFixed(1);
  const length = ([...word].length * CHAR_WIDTH).toFixed(1);
  return `<text x="${at}" textLength="${length}"${style === "" ? "" : ` class="${style}"`}>${escaped(word)}</text>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
