/**
 * Makes the terminal recordings of the documentation, docs/assets/*.svg, by running the built command in a terminal.
 *
 *     npm run pictures [-- call doctor]
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { record } from "./pictures/recording.mjs";
import { SCENES, withCommand } from "./pictures/scenes.mjs";
import { svgOf } from "./pictures/svg.mjs";

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SCENES.some((scene) => scene.name === name));
if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: none of ${SCENES.map(({ name }) => name).join(", ")}`);
for (const scene of SCENES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const film = await withCommand((env) => scene.around(() => record({ ...scene, env })));
  const svg = svgOf(film, scene.title);
  const file = fileURLToPath(new URL(`../docs/assets/${scene.name}.svg`, import.meta.url));
  writeFileSync(file, svg);
  console.log(`docs/assets/${scene.name}.svg: ${film.frames.length} changes, ${Math.round(svg.length / 1024)} KiB`);
}
