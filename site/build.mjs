/** The documentation site: `node site/build.mjs` writes site/dist, with --serve it shows it and follows changes. */
import { parseArgs } from "node:util";
import { install } from "./lib/install.mjs";
import { OUT, SITE } from "./lib/places.mjs";
import { keepStaged, stage } from "./lib/staging.mjs";

const USAGE = `node site/build.mjs [--serve [--port N]] [--base PATH] [--gaps]

  --serve      shows the site on 127.0.0.1 and follows changes of docs/
  --port N     where (default: 5173)
  --base PATH  the path below which the site will be served (default: /)
  --gaps       lists exports without a summary or an example, and stops`;

const { values: options } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    port: { type: "string", default: "5173" },
    base: { type: "string", default: "/" },
    gaps: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

try {
  if (options.help) console.log(USAGE);
  else await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main() {
  process.env.SITE_BASE = options.base;
  install();
  stage();
  // After install(): these load what it brings.
  const { generateApi } = await import("./lib/api.mjs");
  const api = await generateApi();
  if (options.gaps) return printGaps(api);
  const vitepress = await import("vitepress");
  if (options.serve) return serve(vitepress);
  await vitepress.build(SITE);
  const { checkSite } = await import("./lib/check.mjs");
  const { faults, pages } = checkSite(OUT, options.base);
  if (faults.length > 0) throw new Error(`site: ${faults.length} faults\n${faults.join("\n")}`);
  const gaps = lacking(api);
  if (gaps.length > 0) throw new Error(`site: docstrings are missing\n${gaps.join("\n")}`);
  console.error(`site: ${pages} pages in site/dist`);
}

async function serve({ createServer }) {
  const server = await createServer(SITE, { host: "127.0.0.1", port: Number(options.port) });
  await server.listen();
  keepStaged();
  server.printUrls();
}

/** What every export must have: a summary, and an example if it is more than a type. */
function lacking(api) {
  return api.flatMap(({ module, name, kind, summary, example }) => [
    ...(summary || kind === "Reference" ? [] : [`${module}: ${name} has no summary`]),
    ...(example || !/^(Class|Function|Variable)$/.test(kind) ? [] : [`${module}: ${name} has no example`]),
  ]);
}

/** Types too: some are only understood by an example. */
function printGaps(api) {
  for (const { module, name, kind, summary, example } of api) {
    const missing = [summary ? [] : "summary", example ? [] : "example"].flat();
    if (missing.length > 0) console.log(`${module}\t${kind}\t${name}\t${missing.join(", ")}`);
  }
}
