import type { Revision } from "../protocol/revisions/index.js";
import { jsonText } from "../util/json-text.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import { chain } from "../util/maybe-promise.js";
import { accessible, isOpen } from "./access.js";
import type { Entry, PromptEntry, ResourceEntry, TemplateEntry, ToolEntry } from "./entries.js";
import type { Peer } from "./peer.js";

/** The enabled registrations a catalogue is compiled from, in their order. */
export interface CatalogueSource {
  readonly tools: readonly ToolEntry[];
  readonly resources: readonly ResourceEntry[];
  readonly templates: readonly TemplateEntry[];
  readonly prompts: readonly PromptEntry[];
}

/** A page of a list: the JSON text of its items, and where the next one starts. */
export interface Page {
  readonly itemsJson: string;
  readonly nextIndex: number | undefined;
}

/**
 * One kind of registration, frozen: found by name in a map (never a plain object: names come from the network), listed
 * from texts that are made once per revision.
 */
export class Section<E extends Entry> {
  readonly entries: readonly E[];
  /** True when every caller sees the same. */
  readonly open: boolean;
  readonly #byName: ReadonlyMap<string, E>;
  readonly #encode: (entry: E, revision: Revision) => object;
  readonly #texts = new Map<Revision, readonly string[]>();
  readonly #pages = new Map<string, Page>();

  constructor(entries: readonly E[], key: (entry: E) => string, encode: (entry: E, revision: Revision) => object) {
    this.entries = entries;
    this.open = isOpen(entries);
    this.#byName = new Map(entries.map((entry) => [key(entry), entry]));
    this.#encode = encode;
  }

  get(name: string): E | undefined {
    return this.#byName.get(name);
  }

  /** The page of the list that starts at `start` (an index into all entries, seen or not). */
  page(peer: Peer, start: number, size: number): MaybePromise<Page> {
    if (!this.open) {
      return chain(accessible(this.entries, peer), (seen) => this.#slice(peer.revision, new Set(seen), start, size));
    }
    const key = `${peer.revision.version} ${start}`;
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = this.#slice(peer.revision, undefined, start, size);
      this.#pages.set(key, page);
    }
    return page;
  }

  #slice(revision: Revision, seen: ReadonlySet<E> | undefined, start: number, size: number): Page {
    const texts = this.#textsOf(revision);
    const items: string[] = [];
    for (let index = start; index < this.entries.length; index += 1) {
      const entry = this.entries[index];
      if (entry === undefined || (seen !== undefined && !seen.has(entry))) continue;
      if (items.length === size) return { itemsJson: items.join(","), nextIndex: index };
      items.push(texts[index] ?? "");
    }
    return { itemsJson: items.join(","), nextIndex: undefined };
  }

  #textsOf(revision: Revision): readonly string[] {
    let texts = this.#texts.get(revision);
    if (texts === undefined) {
      texts = this.entries.map((entry) => jsonText(this.#encode(entry, revision)));
      this.#texts.set(revision, texts);
    }
    return texts;
  }
}

/**
 * A server's definition, compiled and frozen, shared by every request (design decision 1). A run-time change makes a
 * new one; requests under way keep the one they started with.
 */
export class Catalogue {
  readonly tools: Section<ToolEntry>;
  readonly resources: Section<ResourceEntry>;
  readonly templates: Section<TemplateEntry>;
  readonly prompts: Section<PromptEntry>;

  constructor(source: CatalogueSource) {
    const name = (entry: Entry) => entry.name;
    this.tools = new Section(source.tools, name, (entry, revision) => revision.tool(entry.info));
    this.resources = new Section(
      source.resources,
      (entry) => entry.info.uri,
      (entry, revision) => revision.resource(entry.info),
    );
    this.templates = new Section(source.templates, name, (entry, revision) => revision.resourceTemplate(entry.info));
    this.prompts = new Section(source.prompts, name, (entry, revision) => revision.prompt(entry.info));
  }
}
