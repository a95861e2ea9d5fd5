// Fills the marked blocks of README.md and docs/*.md from the tables of the built package, so that documentation cannot
// disagree with the code: `<!-- generated:NAME -->` ... `<!-- /generated -->`. With --check nothing is written and a
// stale block exits 1.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const { LIMITS } = await import(new URL("../dist/index.js", import.meta.url).href);
const { RUN_OPTIONS } = await import(new URL("../dist/runtimes/run-options.js", import.meta.url).href);

const { COMMANDS, EXIT_MEANINGS } = await import(new URL("../dist/cli/commands.js", import.meta.url).href);
const { FAULTS } = await import(new URL("../dist/doctor/findings.js", import.meta.url).href);
const { CLIENTS, documentedPaths } = await import(new URL("../dist/install/clients.js", import.meta.url).href);
const { LOCAL_FAULTS } = await import(new URL("../dist/doctor/local/findings.js", import.meta.url).href);
const { generateDeployment } = await import(new URL("../dist/deploy/index.js", import.meta.url).href);

const BLOCKS = new Map([
  ["cli-commands", () => cliCommandsTable()],
  ["cli-reference", () => COMMANDS.flatMap((spec) => cliSections(spec, "holdfast", "###")).join("\n\n")],
  [
    "cli-exit-codes",
    () =>
      table(
        ["Code", "Meaning"],
        EXIT_MEANINGS.map(([number, meaning]) => [
          code(number),
          `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`,
        ]),
      ),
  ],
  ["limits", limitsTable],
  ["run-options", runOptionsTable],
  ["server-options", serverOptionsTable],
  ["install-clients", clientsTable],
  [
    "install-unconfirmed",
    () =>
      CLIENTS.filter((one) => one.unconfirmed)
        .map(({ title, unconfirmed }) => `- ${title}: ${unconfirmed}.`)
        .join("\n"),
  ],
  ["doctor-faults", () => faultsTable(FAULTS)],
  ["doctor-local-faults", () => faultsTable(LOCAL_FAULTS)],
  ["deploy-nginx", () => deployment("nginx", "nginx")],
  ["deploy-systemd", () => deployment("systemd", "ini")],
]);
/** Options that are explained by a page of their own. */
const ELSEWHERE = new Map([["limits", "Bounds by name: see [Limits](limits.md)."]]);
const BLOCK = /^<!-- generated:([\w-]+) -->\n[\s\S]*?^<!-- \/generated -->$/gm;

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const stale = [];
for (const name of ["README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)]) {
  if (!name.endsWith(".md")) continue;
  const text = readFileSync(join(root, name), "utf8");
  const fresh = text.replace(
    BLOCK,
    (_, block) => `<!-- generated:${block} -->\n\n${render(block)}\n\n<!-- /generated -->`,
  );
  if (fresh === text) continue;
  stale.push(name);
  if (!options.check) writeFileSync(join(root, name), fresh);
}
if (stale.length > 0) {
  console.error(
    `${options.check ? "stale, run `npm run build && node scripts/docs.mjs`" : "written"}: ${stale.join(", ")}`,
  );
  if (options.check) process.exit(1);
}

function render(block) {
  const make = BLOCKS.get(block);
  if (make === undefined)
    throw new Error(`no generated block is called ${block}; there are ${[...BLOCKS.keys()].join(", ")}`);
  return make();
}

function limitsTable() {
  const rows = Object.entries(LIMITS).map(([name, limit]) => [code(name), quantity(name, limit.default), limit.why]);
  return table(["Limit", "Default", "Why"], rows);
}

function runOptionsTable() {
  const rows = Object.entries(RUN_OPTIONS).map(([name, row]) => [
    code(name),
    code(row.env),
    code([row.default].flat().join(",")),
    `${row.doc}.`,
  ]);
  return table(["Option", "Environment", "Default", "Meaning"], rows);
}

function cliCommandsTable() {
  return table(
    ["Command", "Does"],
    COMMANDS.map(({ name, usage, summary }) => [code(`holdfast ${name} ${usage}`), `${summary}.`]),
  );
}

/** A command and those below it, from the same rows as `--help`. */
function cliSections(spec, parent, mark) {
  const title = `${parent} ${spec.name}`;
  const parts = [`${mark} \`${title}\``, `${spec.summary}.`, ...spec.description];
  if (spec.load !== undefined) parts.push(fence("sh", [`${title} ${spec.usage}`]));
  if (spec.examples.length > 0)
    parts.push(
      fence(
        "sh",
        spec.examples.flatMap(({ line, doc }) => [`# ${doc}`, line]),
      ),
    );
  if (spec.operands.length > 0) {
    parts.push(
      table(
        ["Argument", "Meaning"],
        spec.operands.map(({ name, doc }) => [code(name), `${doc.replace(/\.$/, "")}.`]),
      ),
    );
  }
  if (spec.options.length > 0) parts.push(cliOptionsTable(spec.options));
  return [...parts, ...(spec.commands ?? []).flatMap((one) => cliSections(one, title, `${mark}#`))];
}

function cliOptionsTable(options) {
  const rows = options.map(({ flags, doc, env, default: value, many, choices }) => [
    code(flags),
    env === undefined ? "" : code(env),
    value === undefined ? "" : code(value),
    [`${doc}.`, choices && `One of ${choices.map(code).join(", ")}.`, many && "May be repeated."]
      .filter(Boolean)
      .join(" "),
  ]);
  return table(["Option", "Environment", "Default", "Meaning"], rows);
}

function fence(language, lines) {
  return [`\`\`\`${language}`, ...lines, "```"].join("\n");
}

function faultsTable(faults) {
  const lines = (mend) =>
    [
      ["nginx", mend.nginx],
      ["Caddy", mend.caddy],
      ["HAProxy", mend.haproxy],
      ["server", mend.server],
      ["JavaScript", mend.javascript],
      ["Python", mend.python],
      ["client", mend.client],
    ]
      .filter(([, line]) => line !== undefined)
      .map(([where, line]) => `${where}: ${code(line.replace(/\s+/g, " "))}`)
      .join("<br>");
  const rows = Object.entries(faults).map(([id, { severity, client, why, mend }]) => {
    return [code(id), severity, `${client} ${why}`, lines(mend)];
  });
  return table(["Finding", "Severity", "What clients see, and why", "What mends it"], rows);
}

/** Where each client keeps its servers, and how it is told of a change. */
function clientsTable() {
  const rows = CLIENTS.map((client) => {
    const paths = documentedPaths(client).map(({ where, path }) => `${where}: ${code(path)}`);
    const urls = client.remote === undefined ? "no" : code(client.remote.url);
    return [
      code(client.id),
      `[${client.title}](${client.documentation})`,
      paths.join("<br>"),
      code(client.key),
      urls,
      client.reload,
    ];
  });
  return table(["Client", "Documentation", "File", "Servers under", "URLs", "To read it again"], rows);
}

/** The first file of a target, for a server like the one the page speaks of. */
function deployment(target, language) {
  const facts = { name: "tools", publicUrl: "https://tools.example.com", storeDirectory: "/var/lib/tools/store" };
  const [{ content }] = generateDeployment(target, { ...facts, auth: "oauth" });
  return `\`\`\`${language}\n${content}\`\`\``;
}

/** Options of the constructor are an interface; its declaration file has the members with their comments. */
function serverOptionsTable() {
  const text = readFileSync(join(dist, "server", "options.d.ts"), "utf8");
  const body = /export interface McpServerOptions \{\n([\s\S]*?)\n\}/.exec(text)?.[1];
  if (body === undefined) throw new Error("McpServerOptions is not where it was; mend scripts/docs.mjs");
  const rows = [];
  let comment = "";
  for (const match of body.matchAll(/\/\*\*([\s\S]*?)\*\/|^ {4}readonly (\w+)\?: (.*);$/gm)) {
    const [, doc, name, type] = match;
    if (doc !== undefined)
      comment = doc
        .replace(/\n\s*\*/g, " ")
        .replace(/\s+/g, " ")
        .trim();
    else {
      rows.push([code(name), code(type), comment || ELSEWHERE.get(name)]);
      comment = "";
    }
  }
  return table(["Option", "Type", "Meaning"], rows);
}

/** A number as people read it: the unit is in the name of the limit. */
function quantity(name, value) {
  const exact = value.toLocaleString("en-US").replaceAll(",", " ");
  const readable = name.endsWith("Ms") ? duration(value) : name.endsWith("Bytes") ? binary(value) : undefined;
  return readable === undefined ? exact : `${exact} (${readable})`;
}

function duration(ms) {
  for (const [unit, size] of Object.entries({ d: 86_400_000, h: 3_600_000, min: 60_000, s: 1000 })) {
    if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
  }
  return `${ms} ms`;
}

function binary(bytes) {
  for (const [unit, size] of Object.entries({ MiB: 1_048_576, KiB: 1024 })) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes} bytes`;
}

function code(text) {
  return `\`${text}\``;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
