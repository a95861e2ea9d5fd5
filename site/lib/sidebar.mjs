/** The order in which somebody new reads. Titles are those of the pages. */
import { existsSync, readdirSync } from "node:fs";
import { PAGES } from "./places.mjs";
import { sources, stagedName, titleOf } from "./staging.mjs";

/**
 * An entry is a page, or a folder with all its pages ("auth/"). `later`: pages that are being written; they are left out
 * as long as they are not there.
 */
const GROUPS = [
  { text: "Start", pages: ["index", "quick-start", "examples/"] },
  { text: "Build", pages: ["tools-resources-prompts", "context", "tasks", "testing"] },
  { text: "Serve", pages: ["transports", "revisions", "reconnection", "mounting/", "stdio-guard"] },
  { text: "Keep", pages: ["operations", "limits", "rate-limits"] },
  { text: "Guard", pages: ["auth-jwt", "auth/", "auth-keys", "audit", "guarded-fetch"] },
  {
    text: "Run",
    pages: ["cli", "init", "dev", "install", "deploy", "doctor", "telemetry", "troubleshooting"],
  },
  { text: "Move", pages: ["migrate/"] },
  {
    text: "Reference",
    pages: ["configuration", "errors", "api/", "bench", "test-coverage", "fuzzing", "soak"],
  },
  {
    text: "Project",
    pages: ["project/readme", "project/changelog", "project/contributing", "project/security", "project/decisions/"],
  },
];
/** Made by TypeDoc; it has a sidebar of its own. */
const API = "api/";

/** @throws Error when a page is not in it, or something in it is no page. */
export function sidebar() {
  const titles = new Map(pages().map((source) => [stagedName(source).replace(/\.md$/, ""), titleOf(source)]));
  const wrong = mistakes(titles);
  if (wrong.length > 0) throw new Error(`site/lib/sidebar.mjs: ${wrong.join("; ")}`);
  return GROUPS.map(({ text, pages: entries }) => ({
    text,
    items: entries.flatMap((entry) => itemOf(entry, titles)),
  })).filter(({ items }) => items.length > 0);
}

/** What is wrong with the groups for these pages (names without ".md"). */
export function mistakes(titles) {
  const entries = GROUPS.flatMap(({ pages: names }) => names).filter((name) => name !== API);
  const matches = (entry, page) => (entry.endsWith("/") ? page.startsWith(entry) : page === entry);
  const all = [...titles.keys()];
  return [
    ...all
      .filter((page) => !entries.some((entry) => matches(entry, page)))
      .map((page) => `the page ${page}.md is in no group`),
    ...entries.filter((entry) => !all.some((page) => matches(entry, page))).map((entry) => `there is no page ${entry}`),
  ];
}

function pages() {
  return sources().filter((name) => name.endsWith(".md"));
}

function itemOf(entry, titles) {
  if (entry === API) return [{ text: "API", link: "/api/" }];
  const folder = [...titles.keys()].filter((page) => page.startsWith(entry)).sort();
  if (!entry.endsWith("/")) return titles.has(entry) ? [{ text: titles.get(entry), link: linkOf(entry) }] : [];
  if (folder.length === 0) return [];
  const own = `${entry}index`;
  const items = folder.filter((page) => page !== own).map((page) => ({ text: titles.get(page), link: linkOf(page) }));
  // Folders without a page that introduces them are part of their group.
  if (!existsSync(`${PAGES}${own}.md`)) return items;
  return [{ text: titles.get(own) ?? LISTED[entry], link: linkOf(own), collapsed: true, items }];
}

/** Titles of the lists that staging makes. */
const LISTED = { "examples/": "Examples", "project/decisions/": "Decisions" };

function linkOf(page) {
  return `/${page.replace(/(^|\/)index$/, "$1")}`;
}

const KINDS = { classes: "Classes", functions: "Functions", variables: "Values", interfaces: "Interfaces" };

/** The sidebar of the API reference: entries of the package, kinds, names. */
export function apiSidebar(modules) {
  return modules.map(({ name }) => ({
    text: name,
    link: `/api/${name}/`,
    items: [...Object.entries(KINDS), ["type-aliases", "Types"]]
      .filter(([kind]) => existsSync(`${PAGES}api/${name}/${kind}`))
      .map(([kind, text]) => ({
        text,
        collapsed: kind === "interfaces" || kind === "type-aliases",
        items: readdirSync(`${PAGES}api/${name}/${kind}`)
          .map((file) => file.replace(/\.md$/, ""))
          .map((member) => ({ text: member, link: `/api/${name}/${kind}/${member}` })),
      })),
  }));
}
