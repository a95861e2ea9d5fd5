import { modules } from "../lib/api.mjs";
import { repositoryMarkdown, slugify } from "../lib/markdown.mjs";
import { manifest, OUT, PAGES, repository } from "../lib/places.mjs";
import { apiSidebar, sidebar } from "../lib/sidebar.mjs";
import { sources, stagedName } from "../lib/staging.mjs";

const origins = new Map(sources().map((source) => [stagedName(source), source]));

/** The index of the search is one file, loaded when somebody searches; pages stay far below. */
const SEARCH_INDEX_KB = 4000;

/** A mooring ring. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke="#3451b2" stroke-width="5">' +
    '<circle cx="16" cy="20" r="9"/><path d="M16 2v10M9 4h14"/></g></svg>',
)}`;

/** Who searches for a word wants it explained first. Runs in the browser: nothing of this file is there. */
const guidesFirst = (id) => (/\/(api|project)\//.test(id) ? 0.3 : 1);

export default {
  title: "Holdfast",
  description: manifest.description,
  lang: "en-GB",
  base: process.env.SITE_BASE ?? "/",
  srcDir: PAGES,
  outDir: OUT,
  cacheDir: "./.tmp/cache",
  lastUpdated: false,
  head: [["link", { rel: "icon", href: ICON }]],
  markdown: { anchor: { slugify }, config: repositoryMarkdown },
  // Pictures stay files: they can be opened, and pages do not grow by them.
  vite: { build: { assetsInlineLimit: 0, chunkSizeWarningLimit: SEARCH_INDEX_KB } },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/quick-start", activeMatch: "^/(?!api/|project/)" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: `Version ${manifest.version}`, link: "/project/changelog" },
    ],
    sidebar: { "/api/": apiSidebar(modules()), "/": sidebar() },
    outline: [2, 3],
    search: { provider: "local", options: { miniSearch: { searchOptions: { boostDocument: guidesFirst } } } },
    footer: { message: "Released under the MIT License." },
    ...(repository === undefined
      ? {}
      : {
          socialLinks: [{ icon: "git", link: repository }],
          editLink: { pattern: ({ relativePath }) => `${repository}/edit/HEAD/${origins.get(relativePath) ?? ""}` },
        }),
  },
};
