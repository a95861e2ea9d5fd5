/** URI templates: parsing, matching and expanding anything; and there and back again where that is defined. */
import { isDeepStrictEqual } from "node:util";
import { MAX_URI_LENGTH, UriTemplate, type UriVariables } from "../../../src/protocol/uri-template.js";
import type { Dice } from "../kit/dice.js";
import { oddString, setOwn } from "../kit/json.js";
import { toWellFormed } from "../kit/surrogates.js";
import { must, type Target } from "../kit/target.js";
import { mutateText, oddLength } from "../kit/text.js";

type Input =
  | { readonly kind: "any"; readonly template: string; readonly uri: string; readonly variables: UriVariables }
  | { readonly kind: "reversible"; readonly template: string; readonly variables: UriVariables };

const EXPRESSIONS = [
  ...["{x}", "{y}", "{x,y}", "{+x}", "{#f}", "{.e}", "{/a*}", "{/a,b}", "{;m,n*}", "{?q}", "{?q,r*}", "{&s}", "{x:3}"],
  ...[
    "{x*}",
    "{.e*}",
    "{&s*}",
    "{__proto__}",
    "{a.b}",
    "{a%20b}",
    "{",
    "}",
    "{}",
    "{=x}",
    "{x:0}",
    "{x*:3}",
    "{x",
    "{x:9999}",
  ],
] as const;
const LITERALS = ["a", "b", "/", "?", "#", ".", ",", "&", ";", "=", "%20", "%2F", "fuzz://", "ü", "%", "'", "\ud800"];
const NAMES = ["x", "y", "a", "b", "q", "r", "s", "e", "f", "m", "n", "__proto__", "a.b", "constructor"] as const;

export const uriTemplate: Target<Input> = {
  name: "uri-template",
  weight: 100,
  generate: (dice: Dice): Input => (dice.flip(4) ? reversible(dice) : any(dice)),
  run: (input) => {
    if (input.kind === "reversible") return thereAndBack(input.template, input.variables);
    const template = parsed(input.template);
    if (template === undefined) return;
    check(template, input.uri);
    const expanded = expandedBy(template, input.variables);
    if (expanded !== undefined) check(template, expanded);
  },
};

function any(dice: Dice): Input {
  const piece = (): string => (dice.flip(2) ? dice.pick(EXPRESSIONS) : dice.pick(LITERALS));
  const built = dice.several(10, piece).join("");
  const template = dice.flip(5) ? mutateText(dice, built) : built;
  const variables = {};
  dice.several(5, () => setOwn(variables, dice.pick(NAMES), value(dice)));
  return {
    kind: "any",
    template: dice.flip(300) ? template.repeat(oddLength(dice, 512)) : template,
    uri: uri(dice, template),
    variables,
  };
}

/** A URI that has much in common with the template. */
function uri(dice: Dice, template: string): string {
  const filled = template.replaceAll(/\{[^}]*\}/g, () => dice.text(LITERALS, 4));
  const text = dice.flip(2) ? mutateText(dice, filled) : filled;
  return dice.flip(300) ? text.repeat(oddLength(dice, 4096)) : text;
}

function value(dice: Dice): UriVariables[string] {
  switch (dice.below(6)) {
    case 0:
      return dice.several(4, () => oddString(dice).slice(0, 64));
    case 1:
      return { a: oddString(dice).slice(0, 64), b: null };
    case 2:
      return dice.pick([0, -0, 1e21, Number.NaN, true, null, undefined]);
    default:
      return oddString(dice).slice(0, 64);
  }
}

function parsed(text: string): UriTemplate | undefined {
  try {
    return new UriTemplate(text);
  } catch (error) {
    must(error instanceof TypeError, () => `parsing threw ${String(error)}`);
    return undefined;
  }
}

function expandedBy(template: UriTemplate, variables: UriVariables): string | undefined {
  try {
    return template.expand(variables);
  } catch (error) {
    must(error instanceof TypeError, () => `expanding threw ${String(error)}`);
    return undefined;
  }
}

/** What is found is well-formed, and nothing is found in what is too long. */
function check(template: UriTemplate, text: string): void {
  const found = template.match(text);
  if (found === undefined) return;
  must(text.length <= MAX_URI_LENGTH, "matched a URI over the bound");
  must(Object.getPrototypeOf(found) === null, "a match has a prototype");
  for (const [name, one] of Object.entries(found)) {
    must(template.variableNames.includes(name), `found ${name}, which the template does not have`);
    must(
      [one].flat().every((item) => typeof item === "string"),
      "found something that is no text",
    );
  }
}

/** Templates whose variables no value can run out of: each is alone between two slashes, or a parameter. */
function reversible(dice: Dice): Input {
  const names = new Set<string>();
  const variables: Record<string, string | string[]> = {};
  const word = (): string => toWellFormed(oddString(dice).slice(0, 40)) || "w";
  const parts = dice.several(4, () => {
    const name = `v${names.size}`;
    names.add(name);
    if (dice.flip(2)) return `lit${names.size}`;
    variables[name] = word();
    return `{${name}}`;
  });
  let template = `fuzz://${["host", ...parts].join("/")}`;
  if (dice.flip(2)) {
    template += "{/rest*}";
    variables.rest = [word(), ...dice.several(3, word)];
  }
  if (dice.flip(2)) {
    template += "{?q,list*}";
    variables.q = toWellFormed(oddString(dice).slice(0, 40));
    variables.list = [word(), ...dice.several(3, word)];
  }
  return { kind: "reversible", template, variables };
}

function thereAndBack(text: string, variables: UriVariables): void {
  const template = new UriTemplate(text);
  const expanded = template.expand(variables);
  const found = template.match(expanded);
  if (found === undefined && expanded.length > MAX_URI_LENGTH) return;
  must(isDeepStrictEqual({ ...found }, variables), () => `${text} of ${expanded} is ${JSON.stringify(found)}`);
}
