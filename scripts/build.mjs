// Compiles src/ to dist/: declarations by the compiler, JavaScript by the bundler, because loading 150 small modules is
// most of what starting a server costs. Skips the work when dist/ is newer than every source, so that `npm start` and
// `npm test` can always call it.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Modules outside `exports` that are imported by their path: scripts/docs.mjs reads tables and generated files. */
const BY_PATH = [
  "src/runtimes/run-options.ts",
  "src/deploy/index.ts",
  "src/doctor/findings.ts",
  "src/install/clients.ts",
  "src/doctor/local/findings.ts",
];

/**
 * The command line: a bundle of its own, which takes packages in, so that a server's install has nothing of them
 * (decisions/0020). `commands.ts` is imported by its path, by scripts/docs.mjs.
 */
const CLI = ["src/cli.ts", "src/cli/commands.ts"];
/** Packages in the bundle, by the file to take; the licence of each goes beside it. */
const TAKEN_IN = {
  commander: "esm.mjs",
  "jsonc-parser": "lib/esm/main.js",
  "smol-toml": "dist/index.js",
};
const LICENCE_FILES = ["LICENSE", "LICENSE.md"];
const CLI_BUNDLE = {
  // A path is no package, and so it is not left to the user's node_modules.
  alias: Object.fromEntries(Object.entries(TAKEN_IN).map(([name, file]) => [name, `./node_modules/${name}/${file}`])),
  // commander is CommonJS inside and asks for modules of Node by `require`.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module";const require = requireOf(import.meta.url);',
  },
};

/** Served by `holdfast dev` and read when it is called for; nothing else of the package knows it. */
const PAGE = "src/dev/page/main.tsx";

/**
 * What is loaded anyway, by now or at once, wherever one of the files is. The bundler makes a file of its own for each
 * set of modules that the same entries reach; saying here what it cannot know keeps that to one file for each part of
 * the package. A missing row costs some milliseconds of every start and changes nothing else; a wrong row loads too
 * much, which test/mount/startup.test.ts notices.
 */
const LOADED_WITH = new Map([
  // Whoever serves or tests a server has imported the package.
  [
    "src/main.ts",
    [
      "src/testing/index.ts",
      "src/runtimes/run.ts",
      "src/runtimes/mount.ts",
      "src/runtimes/http-transport.ts",
      "src/runtimes/node-server.ts",
      "src/transports/stdio/serve.ts",
      "src/telemetry/otel/index.ts",
      "src/telemetry/prometheus/index.ts",
      "src/telemetry/prometheus/listener.ts",
    ],
  ],
  // Metrics on a port of their own: a server whose metrics are scraped is one that serves HTTP.
  ["src/runtimes/http-transport.ts", ["src/telemetry/prometheus/listener.ts"]],
  // Every transport that `run()` may load uses the engine.
  ["src/server/channel.ts", ["src/runtimes/run.ts"]],
  // The entry for Node has loaded both.
  ["src/transports/stdio/early-output.ts", ["src/transports/stdio/guard-slot.ts"]],
]);

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const stamp = join(dist, ".built");
const sources = ["src", "scripts/build.mjs", "tsconfig.json", "package.json"].map((name) => newest(join(root, name)));
if (!existsSync(stamp) || statSync(stamp).mtimeMs < Math.max(...sources)) await build();

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

/** Built beside and swapped in, so that a server that starts meanwhile never sees half a package. */
async function build() {
  const fresh = join(root, ".tmp", `dist-${process.pid}`);
  const old = join(root, ".tmp", `dist-old-${process.pid}`);
  mkdirSync(join(root, ".tmp"), { recursive: true });
  try {
    declare(fresh);
    await bundle(fresh, entryPoints(), [loadedWith()]);
    await bundle(fresh, BY_PATH, []);
    await bundle(fresh, CLI, [], CLI_BUNDLE);
    await bundlePage(fresh);
    finishCli(fresh);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    console.error(error.message);
    process.exit(1);
  }
  writeFileSync(join(fresh, ".built"), "");
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function declare(outDir) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = ["-p", join(root, "tsconfig.json"), "--outDir", outDir, "--emitDeclarationOnly"];
  const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("build: the compiler found errors");
}

/**
 * One file for each entry and each `import()`, and files for what they share: a module is in one file only, so there is
 * one `McpServer` whatever is imported. Names and lines stay readable in stack traces; leaving out white space saves
 * too little to measure. All files lie side by side: in a folder of their own they cost Node 4 ms, because it looks for
 * a package.json from each file upwards.
 */
async function bundle(outDir, entries, plugins, options = {}) {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: dist,
    outbase: "src",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "node20",
    packages: "external",
    external: ["node:*"],
    charset: "utf8",
    sourcemap: "linked",
    sourcesContent: false,
    // `sideEffects` in package.json speaks of files in dist/; here it would drop imports that are there for an effect.
    ignoreAnnotations: true,
    plugins,
    ...options,
  });
  for (const { path, contents, text } of outputFiles) {
    const file = join(outDir, relative(dist, path));
    mkdirSync(dirname(file), { recursive: true });
    const isCode = path.endsWith(".js");
    writeFileSync(file, isCode ? withoutRepeated(text, relative(root, path), metafile.outputs) : contents);
  }
}

/** The page of `holdfast dev`: one script for browsers, with what it is made of, and with the notice that this asks for. */
async function bundlePage(outDir) {
  const { build } = await import("esbuild");
  const license = readFileSync(join(root, "node_modules", "preact", "LICENSE"), "utf8").trim();
  await build({
    absWorkingDir: root,
    entryPoints: [PAGE],
    outfile: join(outDir, "dev-page.js"),
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".css": "text" },
    banner: { js: `/*! preact: ${license} */` },
  });
}

/** What a program needs beside its code: the right to be run, and the notice that the licence of what it took in asks for. */
function finishCli(outDir) {
  for (const target of Object.values(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).bin)) {
    chmodSync(join(outDir, relative(dist, join(root, target))), 0o755);
  }
  // Nobody imports the program: its types would only name packages that users do not have.
  for (const name of readdirSync(join(outDir, "cli")).filter((name) => name.endsWith(".d.ts"))) {
    rmSync(join(outDir, "cli", name));
  }
  rmSync(join(outDir, "cli.d.ts"));
  rmSync(join(outDir, "dev"), { recursive: true });
  for (const name of [...Object.keys(TAKEN_IN), "preact"]) {
    const files = LICENCE_FILES.map((file) => join(root, "node_modules", name, file));
    copyFileSync(files.find(existsSync), join(outDir, `cli-${name}-license.txt`));
  }
}

/**
 * The bundler lets an entry import everything below it once more, for an order of evaluation that nothing here depends
 * on. Node resolves each of these imports at every start, and bundlers of users warn of them, because `sideEffects`
 * does not name shared files. An empty line stays, so that source maps stay right.
 */
function withoutRepeated(text, file, outputs) {
  return text.replaceAll(/^import "(.*)";$/gm, (line, specifier) => {
    const target = posix.join(posix.dirname(posixPath(file)), specifier);
    const others = importsOf(posixPath(file), outputs).filter((path) => path !== target);
    return others.some((path) => reaches(path, target, outputs)) ? "" : line;
  });
}

function importsOf(file, outputs) {
  const imports = outputs[file].imports.filter(({ kind, external }) => kind === "import-statement" && !external);
  return imports.map(({ path }) => path);
}

function reaches(file, target, outputs) {
  return importsOf(file, outputs).some((path) => path === target || reaches(path, target, outputs));
}

function posixPath(path) {
  return path.replaceAll("\\", "/");
}

/** The sources of what package.json exports. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = Object.values(exports).flatMap((one) => (typeof one === "string" ? one : Object.values(one)));
  const names = targets.map((target) => /^\.\/dist\/(.*)\.js$/.exec(target)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].map((name) => `src/${name}.ts`);
}

/** Adds to a file the import of what is loaded with it. */
function loadedWith() {
  const additions = new Map();
  for (const [target, files] of LOADED_WITH) {
    for (const file of files) {
      if (!existsSync(join(root, file))) throw new Error(`build: LOADED_WITH names ${file}, which is not there`);
      additions.set(file, `${additions.get(file) ?? ""}\nimport ${JSON.stringify(join(root, target))};`);
    }
  }
  const setup = ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const addition = additions.get(posixPath(relative(root, path)));
      return addition && { loader: "ts", contents: readFileSync(path, "utf8") + addition };
    });
  };
  return { name: "loaded-with", setup };
}
