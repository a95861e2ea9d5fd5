/** What `$ref` names: found in the same document or refused, never fetched (2026-07-28, basic, "`$ref` Resolution"). */
import { isObject, own } from "../../util/json.js";
import { pointer, unescapeToken } from "./issues.js";
import { checkKeywords } from "./json-schema-check.js";
import { type Dialect, dialectOf, walkSchema } from "./keywords.js";
import type { JsonSchema } from "./types.js";

/** Base URI of a document without `$id` (RFC 3986 §5.1.4). A scheme of our own: no reference reaches it by accident. */
const ROOT_BASE = "holdfast-schema:/";

/** The checked schemas of one document, and its references. */
export class References {
  readonly #what: string;
  readonly #dialect: Dialect;
  readonly #root: JsonSchema;
  readonly #bases = new Map<JsonSchema, string>();
  readonly #resources = new Map<string, JsonSchema>();
  readonly #anchors = new Map<string, JsonSchema>();

  /** @throws TypeError when a schema of the document is invalid, or a bound is reached. */
  constructor(root: JsonSchema, dialect: Dialect, what: string) {
    this.#what = what;
    this.#dialect = dialect;
    this.#root = root;
    this.#resources.set(ROOT_BASE, root);
    this.#index(root, ROOT_BASE);
  }

  #index(start: JsonSchema | boolean, outerBase: string): void {
    walkSchema(start, this.#what, (schema, keys, parent) => {
      checkKeywords(schema, keys, this.#dialect, this.#what);
      const at = `${this.#what}: ${pointer(keys)}`;
      if (parent !== undefined && dialectOf(own(schema, "$schema") ?? this.#schemaOfRoot(), at) !== this.#dialect) {
        throw new TypeError(`${at} changes the dialect; one document has one dialect`);
      }
      const outer = (parent === undefined ? outerBase : this.#bases.get(parent)) ?? outerBase;
      this.#bases.set(schema, this.#enter(schema, outer, at));
    });
  }

  /** Every schema object found so far; what `resolve` discovers is added at the end. */
  schemas(): Iterable<JsonSchema> {
    return this.#bases.keys();
  }

  #schemaOfRoot(): unknown {
    return own(this.#root, "$schema");
  }

  /** Registers the names of `schema`; returns its base URI. */
  #enter(schema: JsonSchema, outer: string, at: string): string {
    let base = outer;
    const id = own(schema, "$id");
    const ignored = this.#dialect === "draft-07" && Object.hasOwn(schema, "$ref");
    if (typeof id === "string" && !ignored) {
      const { resource, fragment } = splitUri(id, outer, at);
      if (fragment === "") {
        base = resource;
        this.#name(this.#resources, base, schema, at);
      } else if (this.#dialect === "draft-07") {
        // Draft-07 §8.2.3: an $id that is only a fragment names a place.
        this.#name(this.#anchors, `${resource}#${fragment}`, schema, at);
      } else {
        throw new TypeError(`${at}: $id has a fragment; 2020-12 has $anchor for that`);
      }
    }
    if (this.#dialect === "2020-12") {
      for (const keyword of ["$anchor", "$dynamicAnchor"]) {
        const anchor = own(schema, keyword);
        if (typeof anchor === "string") this.#name(this.#anchors, `${base}#${anchor}`, schema, at);
      }
    }
    return base;
  }

  #name(table: Map<string, JsonSchema>, name: string, schema: JsonSchema, at: string): void {
    const known = table.get(name);
    if (known !== undefined && known !== schema) throw new TypeError(`${at}: the name ${name} is given twice`);
    table.set(name, schema);
  }

  /**
   * The schema that `reference`, standing in `from`, names.
   *
   * @throws TypeError when it is not in this document.
   */
  resolve(from: JsonSchema, reference: string): JsonSchema | boolean {
    const at = `${this.#what}: $ref ${JSON.stringify(reference)}`;
    const { resource, fragment } = splitUri(reference, this.#bases.get(from) ?? ROOT_BASE, at);
    const document = this.#resources.get(resource);
    if (document === undefined) {
      throw new TypeError(`${at} is not in this document, and references are never fetched; put its target in $defs`);
    }
    if (fragment === "") return document;
    const target = fragment.startsWith("/") ? follow(document, fragment) : this.#anchors.get(`${resource}#${fragment}`);
    if (typeof target !== "boolean" && !isObject(target)) throw new TypeError(`${at} names nothing in this document`);
    // A pointer may lead to a place that no keyword makes a schema; it is one from now on.
    if (typeof target === "object" && !this.#bases.has(target))
      this.#index(target, this.#bases.get(document) ?? ROOT_BASE);
    return target;
  }

  /**
   * The schema that `$dynamicRef` names. In a document that is one resource the dynamic scope has one member, so it is
   * what `$ref` would name (2020-12 core §8.2.3.2); beyond that it depends on the way taken, and is refused.
   */
  resolveDynamic(from: JsonSchema, reference: string): JsonSchema | boolean {
    if (new Set(this.#resources.values()).size > 1) {
      throw new TypeError(`${this.#what}: $dynamicRef is not supported in a document with more than one $id`);
    }
    return this.resolve(from, reference);
  }
}

function splitUri(
  reference: string,
  base: string,
  at: string,
): { readonly resource: string; readonly fragment: string } {
  try {
    const url = new URL(reference, base);
    const fragment = decodeURIComponent(url.hash.slice(1));
    url.hash = "";
    return { resource: url.href, fragment };
  } catch {
    throw new TypeError(`${at} is no URI reference`);
  }
}

/** RFC 6901 §4, by own properties only. */
function follow(document: JsonSchema, path: string): unknown {
  let value: unknown = document;
  for (const token of path.slice(1).split("/")) {
    const key = unescapeToken(token);
    if (Array.isArray(value)) value = /^(?:0|[1-9][0-9]*)$/.test(key) ? value[Number(key)] : undefined;
    else value = isObject(value) ? own(value, key) : undefined;
  }
  return value;
}
