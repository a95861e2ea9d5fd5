/** Rules for Markdown that is written for a code host: its links, its anchors, and nothing taken for a template. */
import { posix } from "node:path";
import { repository } from "./places.mjs";
import { pageFor, sources, stagedName } from "./staging.mjs";

/** Anchors of headings, as code hosts make them. */
export function slugify(text) {
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** For markdown-it. */
export function repositoryMarkdown(md) {
  const origins = new Map(sources().map((source) => [stagedName(source), source]));
  md.core.ruler.push("repository-links", ({ tokens, env }) => {
    const source = origins.get(env.relativePath);
    for (const { children } of tokens) if (children !== null) relink(children, source, env.relativePath);
  });
  md.core.ruler.push("row-anchors", ({ tokens }) => anchorRows(tokens));
  // Text is text: two braces would be an expression to Vue.
  const text = md.renderer.rules.text;
  md.renderer.rules.text = (...args) => text(...args).replaceAll("{{", "&#123;&#123;");
}

function relink(tokens, source, page) {
  if (source === undefined) return;
  let dropped = false;
  for (const token of tokens) {
    if (token.type === "image") token.attrSet("src", resolveLink(token.attrGet("src"), source, page) ?? "");
    if (token.type === "link_open") {
      const target = resolveLink(token.attrGet("href"), source, page);
      dropped = target === undefined;
      if (dropped) token.attrs = [["class", "source"]];
      else token.attrSet("href", target);
    }
    if (!dropped) continue;
    // What the site does not have and no code host shows: the words stay, the link goes.
    if (token.type === "link_close") dropped = false;
    if (/^link_/.test(token.type)) {
      token.type = token.type.replace("link", "span");
      token.tag = "span";
    }
  }
}

/** A link of a file of the repository as a link of its page; undefined if it leads nowhere. */
export function resolveLink(href, source, page) {
  if (/^([a-z][a-z\d+.-]*:|#|\/\/)/i.test(href)) return href;
  const [path, anchor] = href.split("#");
  const target = posix.normalize(posix.join(posix.dirname(source), path)).replace(/\/$/, "");
  const staged = pageFor(target);
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (staged !== undefined) return `${relativeTo(page, staged)}${hash}`;
  return repository === undefined ? undefined : `${repository}/blob/HEAD/${target}${hash}`;
}

function relativeTo(page, target) {
  const path = posix.relative(posix.dirname(page), target);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Rows of tables that begin with one piece of code get it as their anchor: `errors#ERR_CONFIG`. */
function anchorRows(tokens) {
  const taken = new Set(tokens.map((token) => token.attrGet("id")));
  for (const [index, token] of tokens.entries()) {
    const [first, ...others] = tokens[index + 2]?.children ?? [];
    if (token.type !== "tr_open" || tokens[index + 1]?.type !== "td_open") continue;
    if (others.length > 0 || first?.type !== "code_inline" || !/^[-\w.]+$/.test(first.content)) continue;
    if (taken.has(first.content)) continue;
    taken.add(first.content);
    token.attrSet("id", first.content);
  }
}
