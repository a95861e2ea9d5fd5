/**
 * Which files of the repository are pages of the site, and where. They are copied as they are; links between them are
 * turned into links of the site when the Markdown is rendered (markdown.mjs).
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { PAGES, ROOT } from "./places.mjs";

/** Pages of the repository that are not in docs/: path there, path on the site. */
const ELSEWHERE = [
  [/^(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$/, (name) => `project/${name.toLowerCase()}.md`],
  [/^decisions\/(.+\.md)$/, (name) => `project/decisions/${name}`],
  [/^examples\/([^/]+)\/README\.md$/, (name) => `examples/${name}.md`],
];
const FOLDERS = ["docs", "decisions", "examples"];
/** Folders that pages link to and that have no page of their own in the repository. */
const LISTS = [
  { folder: "decisions", page: "project/decisions/index.md", title: "Decisions" },
  { folder: "examples", page: "examples/index.md", title: "Examples" },
];

/** The file of the site for a file of the repository; undefined if it is not on the site. */
export function stagedName(source) {
  if (source.startsWith("docs/")) return source.slice("docs/".length);
  for (const [pattern, place] of ELSEWHERE) {
    const [, name] = pattern.exec(source) ?? [];
    if (name !== undefined) return place(name);
  }
  return undefined;
}

/** What a link to a file or folder of the repository leads to on the site; undefined if it is not there. */
export function pageFor(source) {
  const list = LISTS.find(({ folder }) => folder === source);
  if (list !== undefined) return list.page;
  if (!existsSync(join(ROOT, source))) return undefined;
  if (!statSync(join(ROOT, source)).isDirectory()) return stagedName(source);
  const readme = ["README.md", "index.md"].map((name) => `${source}/${name}`);
  return readme.filter((name) => existsSync(join(ROOT, name))).map(stagedName)[0];
}

/** All files of the repository that go onto the site. */
export function sources() {
  const files = FOLDERS.flatMap((folder) => walk(folder));
  return [...readdirSync(ROOT), ...files].filter((name) => stagedName(name) !== undefined);
}

function walk(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.name === "node_modules" || entry.name === "src") return [];
    return entry.isDirectory() ? walk(name) : [name];
  });
}

/** Copies everything. What was there goes. */
export function stage() {
  rmSync(PAGES, { recursive: true, force: true });
  for (const source of sources()) copy(source);
  for (const list of LISTS) writeList(list);
}

function copy(source) {
  const target = join(PAGES, stagedName(source));
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(ROOT, source), target);
}

function writeList({ folder, page, title }) {
  const pages = sources().filter((name) => name.startsWith(`${folder}/`) && name.endsWith(".md"));
  const lines = pages.map((name) => `- [${titleOf(name)}](${stagedName(name).split("/").at(-1)})`);
  writeFileSync(join(PAGES, page), `# ${title}\n\n${lines.join("\n")}\n`);
}

export function titleOf(source) {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(ROOT, source), "utf8")) ?? [];
  if (title === undefined) throw new Error(`site: ${source} has no title (a line that begins with "# ")`);
  return title.replaceAll("`", "");
}

/** Copies what is changed from now on. */
export function keepStaged() {
  const follow = (folder, options) => {
    watch(join(ROOT, folder), options, (_, name) => {
      const source = join(folder, String(name));
      if (stagedName(source) !== undefined && statSync(join(ROOT, source), { throwIfNoEntry: false })?.isFile())
        copy(source);
    });
  };
  for (const folder of ["docs", "decisions"]) follow(folder, { recursive: true });
  follow("", {});
}
