/** The recordings of the documentation: made by the real command in a real terminal, small, and readable without motion. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { FETCH_TIMEOUT_MS, requireProgram } from "../support/debian.js";

const ROOT = join(import.meta.dirname, "../..");
const ASSETS = join(ROOT, "docs", "assets");
/** A page with three of them still loads at once. */
const MAX_BYTES = 256 * 1024;

interface Film {
  readonly frames: readonly { readonly screen: readonly (readonly { readonly text: string }[])[] }[];
  readonly code: number;
}
interface Machinery {
  record(scene: object): Promise<Film>;
  svgOf(film: Film, title: string): string;
  withCommand<T>(work: (env: object) => Promise<T>): Promise<T>;
  readonly SCENES: readonly { readonly name: string; readonly title: string }[];
}

let machinery: Machinery;
beforeAll(async () => {
  await requireProgram("script", "bsdutils");
  const parts = ["recording", "svg", "scenes"].map((name) => import(join(ROOT, `scripts/pictures/${name}.mjs`)));
  machinery = Object.assign({}, ...(await Promise.all(parts))) as Machinery;
}, FETCH_TIMEOUT_MS);

describe("recordings", () => {
  test("show what is typed and what the command prints, to those who want no motion too", async () => {
    const { record, svgOf, withCommand } = machinery;
    const film = await withCommand((env) => record({ line: "holdfast --version", env, rows: 4, columns: 40 }));
    const last = film.frames.at(-1)?.screen.map((row) => row.map(({ text }) => text).join(""));
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(last?.slice(0, 2)).toEqual(["$ holdfast --version", version]);
    expect(film.code).toBe(0);
    const svg = svgOf(film, "A <title>");
    expect(svg).toContain('<title id="t">A &lt;title&gt;</title>');
    expect(svg).toContain(`<desc id="d">$ holdfast --version\n${version}</desc>`);
    expect(svg).toContain("prefers-reduced-motion");
  });

  test("types what is asked for, and fails when it is never asked", async () => {
    const { record } = machinery;
    const asked = { rows: 4, columns: 40, line: "read -p 'Name: ' name; echo \"hello $name\"" };
    const film = await record({
      ...asked,
      line: `bash -c '${asked.line.replaceAll("'", '"')}'`,
      answers: [{ after: /Name:\s*$/, text: "Ada\r", thinkMs: 0 }],
    });
    expect(JSON.stringify(film.frames.at(-1))).toContain("hello Ada");
    await expect(record({ rows: 4, line: "true", answers: [{ after: /never/, text: "" }] })).rejects.toThrow(
      "never asked",
    );
  });

  test("each picture has a scene or a script, is small, and stands on a page", () => {
    const pages = [
      "README.md",
      ...readdirSync(join(ROOT, "docs"))
        .filter((name) => name.endsWith(".md"))
        .map((name) => `docs/${name}`),
    ];
    const text = pages.map((name) => readFileSync(join(ROOT, name), "utf8")).join("\n");
    const drawn = readdirSync(ASSETS);
    expect(drawn.filter((name) => !text.includes(`assets/${name}`))).toEqual([]);
    expect(drawn.filter((name) => statSync(join(ASSETS, name)).size > MAX_BYTES)).toEqual([]);
    const scenes = machinery.SCENES.map(({ name }) => `${name}.svg`);
    expect(drawn.filter((name) => name.endsWith(".svg") && name !== "bench.svg").sort()).toEqual(scenes.sort());
    for (const { name, title } of machinery.SCENES) {
      expect(readFileSync(join(ASSETS, `${name}.svg`), "utf8")).toContain(`<title id="t">${title}</title>`);
    }
  });
});
