// Writes docs/test-coverage.md: which tests show that a fault of test/catalogue.json is withstood. Tests say so themselves,
// by numbers in brackets (`[57]`, `[57, S13]`) at the start of a title or in the comment at the head of their file. With
// --check nothing is written; a stale page, an unknown number and a citation in another form exit 1.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = "docs/test-coverage.md";
/** Programs that tests start, packages, builds: no tests of ours. */
const NO_TESTS = new Set(["node_modules", "fixtures", "spec", "next-app", ".tmp"]);

const CITATION = /\[((?:S?\d+)(?:, S?\d+)*)\]/g;
/** What looks like a citation and would not count. */
const ELSEWHERE = /\bcatalogue \d|\brow \d|(?<!^)\[S?\d+(?:, S?\d+)*\]$/;
const DECLARATION = /^( *)(?:describe|it|test)\b/gm;
const HEAD_COMMENT = /^\s*\/\*\*[\s\S]*?\*\//;

const { sections, faults } = JSON.parse(readFileSync(join(root, "test", "catalogue.json"), "utf8"));
const problems = [];
/** By number: the files that cite it, with how many of their tests do. */
const cited = new Map(Object.keys(faults).map((number) => [number, new Map()]));
for (const file of testFiles("test")) countIn(file);

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const page = render();
if (page !== readOr(PAGE, "")) {
  if (options.check) problems.push(`${PAGE} is stale, run \`node scripts/coverage.mjs\``);
  else {
    writeFileSync(join(root, PAGE), page);
    console.error(`written: ${PAGE}`);
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);

function testFiles(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(({ name }) => !NO_TESTS.has(name));
  return entries
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return testFiles(name);
      return entry.name.endsWith(".ts") ? [name] : [];
    })
    .sort();
}

function readOr(name, otherwise) {
  try {
    return readFileSync(join(root, name), "utf8");
  } catch {
    return otherwise;
  }
}

/** Adds what one file cites. A number of the head comment stands for the whole file unless titles cite it too. */
function countIn(file) {
  const text = readFileSync(join(root, file), "utf8");
  const declared = declarations(text);
  if (declared.length === 0) return;
  const tests = new Map();
  const add = (number, count) => tests.set(number, (tests.get(number) ?? 0) + count);
  const groups = [];
  for (const one of declared) {
    while (groups.length > 0 && groups.at(-1).until <= one.at) groups.pop();
    const numbers = new Set([...groups.flatMap((group) => group.numbers), ...numbersOf(one.title, file)]);
    if (one.kind === "describe") groups.push({ until: one.until, numbers: [...numbers] });
    for (const number of numbers) add(number, one.kind === "describe" ? 0 : 1);
  }
  const head = HEAD_COMMENT.exec(text)?.[0] ?? "";
  const all = declared.filter(({ kind }) => kind !== "describe").length;
  for (const number of listed(head)) if (!tests.has(number)) add(number, all);
  for (const [number, count] of tests) {
    const files = cited.get(number);
    if (files === undefined) problems.push(`${file}: there is no fault ${number} in test/catalogue.json`);
    // A group whose tests are made by a function elsewhere is at least one.
    else files.set(file, Math.max(count, 1));
  }
}

/** The numbers that a title begins with; says when it names some in a way that does not count. */
function numbersOf(title, file) {
  const first = /^\[([^\]]*)\]/.exec(title)?.[0] ?? "";
  const numbers = listed(first);
  if ((numbers.length === 0 && /^\[S?\d/.test(first)) || ELSEWHERE.test(title)) {
    problems.push(`${file}: cite at the start of the title and as [57] or [57, S13]: ${title}`);
  }
  return numbers;
}

function listed(text) {
  return [...text.matchAll(CITATION)].flatMap(([, numbers]) => numbers.split(", "));
}

/**
 * Every `describe`, `it` and `test` of a file with its title and the end of its block, in order. Reads the layout that
 * the formatter gives: a block ends before the next line that is not indented deeper and does not begin with a bracket.
 */
function declarations(text) {
  const found = [];
  for (const match of text.matchAll(DECLARATION)) {
    const title = titleBehind(text, match.index + match[0].length);
    if (title === undefined) continue;
    const indent = match[1].length;
    const rest = new RegExp(`\\n {0,${indent}}[^\\s})\\]]`, "g");
    rest.lastIndex = match.index + match[0].length;
    const until = rest.exec(text)?.index ?? text.length;
    found.push({ kind: match[0].trim(), title, at: match.index, until });
  }
  return found;
}

/** The first argument of a call chain (`.each(...)("title"`, `.skipIf(...)("title"`) if it is a text. */
function titleBehind(text, from) {
  let at = from;
  for (;;) {
    const name = /^\s*\.\w+/.exec(text.slice(at, at + 200));
    if (name !== null) at += name[0].length;
    // Type arguments, as in describe.each<Plumbing>([...]).
    else if (text[at] === "<") at = text.indexOf(">", at) + 1;
    else if (text[at] === "(") {
      const title = /^\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/.exec(text.slice(at, at + 2_000));
      if (title !== null) return title[2];
      at = closing(text, at) + 1;
    } else return undefined;
    if (at <= 0) return undefined;
  }
}

/** Where the bracket that opens at `from` is closed; strings are stepped over. */
function closing(text, from) {
  const token = /(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1|\/\/[^\n]*|[([{]|[)\]}]/g;
  token.lastIndex = from;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if ("([{".includes(match[0])) depth += 1;
    else if (")]}".includes(match[0]) && --depth === 0) return match.index;
  }
  return -1;
}

function render() {
  const numbers = Object.keys(faults);
  const shown = numbers.filter((number) => cited.get(number).size > 0).length;
  return `# Test coverage

Which tests show that a fault or an attack is withstood. ${shown} of ${numbers.length} have one. Made by
\`node scripts/coverage.mjs\` from \`test/catalogue.json\` and the numbers that tests begin their titles with; in brackets
is how many tests of a file cite the number (one that runs over a table of cases counts once).
${Object.entries(sections)
  .map(([section, title]) => renderSection(section, title))
  .join("")}`;
}

function renderSection(section, title) {
  const rows = Object.entries(faults)
    .filter(([, fault]) => fault.section === section)
    .map(([number, fault]) => [number, fault.title, testsOf(number), fault.waitsFor ?? ""]);
  return `\n## ${section}. ${title}\n\n${table(["No.", "Fault", "Tests", "Waits for"], rows)}\n`;
}

function testsOf(number) {
  const files = [...cited.get(number)];
  if (files.length === 0) return "not yet";
  const link = ([file, count]) => {
    const name = file.replace(/^test\//, "").replace(/\.test\.ts$|\.ts$/, "");
    return `[${name}](${relative("docs", file)}) (${count})`;
  };
  return files.map(link).join(", ");
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
