import { expandUriTemplate, type UriVariables } from "./uri-template-expand.js";
import { type Atom, compileAtoms, MAX_URI_LENGTH, matchUri } from "./uri-template-match.js";
import {
  MAX_TEMPLATE_LENGTH,
  MAX_TEMPLATE_VARIABLES,
  parseUriTemplate,
  type TemplatePart,
} from "./uri-template-parse.js";

export type { UriScalar, UriValue, UriVariables } from "./uri-template-expand.js";
export { MAX_TEMPLATE_LENGTH, MAX_TEMPLATE_VARIABLES, MAX_URI_LENGTH };

/**
 * A URI template (RFC 6570, all four levels), parsed once. `expand` follows the RFC. The RFC leaves the way back open
 * (§1.4), so `match` has rules of its own:
 *
 * - Literal text matches exactly. The whole URI has to match. A URI longer than `MAX_URI_LENGTH` never does.
 * - `{x}` takes one or more characters without `/`, `?` and `#`; `{.x}` and `{/x}` the same after their `.` or `/`.
 *   `{+x}` and `{#x}` take any characters.
 * - `{x,y}` needs all its variables; their values hold no raw separator.
 * - `{/a*}` gives the list of path segments (empty ones too), `{.a*}` splits on `.`, `{x*}`, `{+x*}`, `{#x*}` on `,`.
 * - `{?q,r}`, `{&q,r}` and `{;q,r}` take parameters in any order; all are optional, unknown ones are ignored, a
 *   parameter given twice needs `*`. `?` and `&` expressions read one common list of parameters.
 * - Where a URI can be cut in several ways, the variable to the left takes as much as it can: `{a}{b}` on `xyz` is
 *   `a=xy`, `b=z`, and `{name}.{ext}` on `a.tar.gz` is `name=a.tar`, `ext=gz`. But a value never takes the `?` or `#`
 *   of a `{?...}` or `{#...}` to its right, nor the `;` or `&` of the parameters directly after it.
 * - A name that occurs twice must have one value; `{x:3}` takes at most three characters.
 * - A variable that is absent has no key. Results have no prototype.
 *
 * **Values are decoded: `{x}` gives `a/b` for `a%2Fb`, and may be `..` or contain `../` or a NUL.** A handler that
 * touches files or builds other URLs must check the value, for example by resolving it and comparing the prefix.
 *
 * @example
 * ```ts
 * const template = new UriTemplate("netbox://{site}/devices{/path*}{?fields*}");
 * template.expand({ site: "ams1", path: ["core", "sw 1"] }); // "netbox://ams1/devices/core/sw%201"
 * template.match("netbox://ams1/devices/core/sw%201?fields=name"); // { site: "ams1", path: ["core", "sw 1"], fields: ["name"] }
 * ```
 */
export class UriTemplate {
  readonly template: string;
  /** Names in order of first appearance, each once. */
  readonly variableNames: readonly string[];
  readonly #parts: readonly TemplatePart[];
  readonly #atoms: readonly Atom[];

  /** @throws TypeError that names the template and the position when it is malformed or over a bound. */
  constructor(template: string) {
    this.#parts = parseUriTemplate(template);
    this.#atoms = compileAtoms(this.#parts);
    this.template = template;
    const names = this.#parts.flatMap((part) =>
      part.kind === "literal" ? [] : part.variables.map(({ name }) => name),
    );
    this.variableNames = Object.freeze([...new Set(names)]);
  }

  /**
   * Expands the template; variables that are missing, null or an empty list leave nothing behind.
   *
   * @throws TypeError when a value has a lone surrogate, or a variable with a prefix is given a list or map.
   */
  expand(variables: UriVariables): string {
    return expandUriTemplate(this.#parts, variables);
  }

  /** The variables of `uri`, or undefined when it does not fit. Time is at most URI length x template length. */
  match(uri: string): Record<string, string | string[]> | undefined {
    return matchUri(this.#atoms, uri);
  }

  /** The template, so that it reads well in messages. */
  toString(): string {
    return this.template;
  }
}
