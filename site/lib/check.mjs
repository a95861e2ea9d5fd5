/** Goes through the built pages: every link leads somewhere, every page is reached, nothing comes from elsewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: "\u00a0" };
/** Not reached by links: it is what a server shows for pages that are not there. */
const NOT_FOUND = "404.html";

/** @returns what is wrong, a line each, and the number of pages. */
export function checkSite(out, base = "/") {
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(out, join(entry.parentPath ?? entry.path, entry.name)));
  const pages = new Map(
    files
      .filter((name) => name.endsWith(".html"))
      .map((name) => [name, readPage(readFileSync(join(out, name), "utf8"))]),
  );
  const faults = [];
  const links = new Map();
  for (const [name, page] of pages) {
    if (name !== NOT_FOUND && (page.title === "" || !page.heading)) faults.push(`${name}: has no title`);
    for (const url of page.loaded.filter((one) => isForeign(one) && !one.startsWith("data:")))
      faults.push(`${name}: loads ${url}`);
    links.set(name, new Set());
    for (const url of [...page.links, ...page.loaded].filter((one) => !isForeign(one))) {
      const target = locate(name, url, base);
      const fault = faultOf(target, url, pages, out);
      if (fault !== undefined) faults.push(`${name}: ${fault}`);
      else links.get(name).add(target.file);
    }
  }
  for (const name of files.filter((file) => file.endsWith(".css"))) {
    const foreign =
      readFileSync(join(out, name), "utf8").match(/(?:@import|url\()\s*["']?(?:https?:)?\/\/[^)"']+/g) ?? [];
    faults.push(...foreign.map((text) => `${name}: loads ${text}`));
  }
  const reached = reachedFrom("index.html", links);
  for (const name of pages.keys())
    if (name !== NOT_FOUND && !reached.has(name)) faults.push(`${name}: no page that is reached links to it`);
  return { faults: [...new Set(faults)], pages: pages.size };
}

/** What one page has: ids, links, and what a browser loads with it. */
function readPage(html) {
  const all = (pattern) => Array.from(html.matchAll(pattern), ([, value]) => decode(value));
  return {
    title: /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? "",
    heading: /<h1[\s>]/.test(html),
    ids: new Set(all(/\sid="([^"]*)"/g)),
    links: all(/<a\s[^>]*?href="([^"]*)"/g),
    loaded: [...all(/<link\s[^>]*?href="([^"]*)"/g), ...all(/<(?:script|img|source|iframe)\s[^>]*?src="([^"]*)"/g)],
  };
}

function decode(text) {
  return text.replaceAll(/&(#39|\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}

function isForeign(url) {
  return /^([a-z][a-z\d+.-]*:|\/\/)/i.test(url);
}

function locate(page, url, base) {
  const [path, anchor] = url.split("#");
  if (path === "") return { file: page, anchor };
  if (path.startsWith("/") && !path.startsWith(base)) return { file: undefined, anchor };
  const absolute = path.startsWith("/") ? path.slice(base.length) : posix.join(posix.dirname(page), path);
  const file = decodeURIComponent(absolute.split("?")[0]);
  return { file: file === "" || file.endsWith("/") ? `${file}index.html` : file, anchor };
}

function faultOf({ file, anchor }, url, pages, out) {
  if (file === undefined || !existsSync(join(out, file))) return `${url} leads nowhere`;
  if (anchor === undefined || anchor === "") return undefined;
  const ids = pages.get(file)?.ids;
  return ids?.has(decodeURIComponent(anchor)) ? undefined : `${url} has no such place on its page`;
}

function reachedFrom(start, links) {
  const reached = new Set([start]);
  for (const page of reached) for (const next of links.get(page) ?? []) reached.add(next);
  return reached;
}
