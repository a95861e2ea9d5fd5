/** URI templates (RFC 6570), first step: text into literals and expressions. */

/** The operators of RFC 6570 §2.2 that have a meaning; `""` is simple expansion. */
export type Operator = "" | "+" | "#" | "." | "/" | ";" | "?" | "&";

/** How an operator writes its variables (the table of RFC 6570, appendix A). */
export interface OperatorRule {
  /** Written before the first variable. */
  readonly first: string;
  /** Written between variables. */
  readonly separator: string;
  /** Variables are written as `name=value`. */
  readonly named: boolean;
  /** What follows the name of a variable whose value is empty. */
  readonly ifEmpty: string;
  /** Reserved characters and percent-encoded triplets pass as they are. */
  readonly reserved: boolean;
}

/** One variable of an expression. */
export interface VariableSpec {
  readonly name: string;
  readonly explode: boolean;
  /** `:n`: only the first n characters are expanded. */
  readonly prefix: number | undefined;
}

export type Literal = { readonly kind: "literal"; readonly text: string };
export type Expression = {
  readonly kind: "expression";
  readonly operator: Operator;
  readonly variables: readonly VariableSpec[];
};
export type TemplatePart = Literal | Expression;

/** Longest template: matching costs at most template length x URI length, so both factors are bounded. */
export const MAX_TEMPLATE_LENGTH = 2048;
/** Most variables of one template, repetitions counted: each is a row of the matcher's table. */
export const MAX_TEMPLATE_VARIABLES = 64;
/** RFC 6570 §2.4.1: a prefix has at most four digits. */
const MAX_PREFIX_DIGITS = 4;
/** How much of a long template an error message repeats. */
const SHOWN_LENGTH = 120;

const OPERATOR_RULES: Readonly<Record<Operator, OperatorRule>> = {
  "": { first: "", separator: ",", named: false, ifEmpty: "", reserved: false },
  "+": { first: "", separator: ",", named: false, ifEmpty: "", reserved: true },
  "#": { first: "#", separator: ",", named: false, ifEmpty: "", reserved: true },
  ".": { first: ".", separator: ".", named: false, ifEmpty: "", reserved: false },
  "/": { first: "/", separator: "/", named: false, ifEmpty: "", reserved: false },
  ";": { first: ";", separator: ";", named: true, ifEmpty: "", reserved: false },
  "?": { first: "?", separator: "&", named: true, ifEmpty: "=", reserved: false },
  "&": { first: "&", separator: "&", named: true, ifEmpty: "=", reserved: false },
};

/** The rule of `operator`. */
export function operatorRule(operator: Operator): OperatorRule {
  return OPERATOR_RULES[operator];
}

const OPERATOR = /[+#./;?&]/;
/** Operators kept for extensions (RFC 6570 §2.2): an error, so that a later meaning changes nothing silently. */
const RESERVED_OPERATOR = /[=,!@|]/;
/** RFC 6570 §2.3. Alternatives start with different characters, so there is one way to read a name. */
const VARIABLE_NAME = /^(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*$/;
/**
 * What may not stand in a literal (RFC 6570 §2.1; the apostrophe is allowed by erratum 6937). Control characters are what
 * is left beside the others, because a class of Unicode is slow to compile, which every import would pay.
 */
const BAD_LITERAL = /[^ -~\u00a0-\u{10ffff}]|[ "<>\\^`|}]|%(?![0-9A-Fa-f]{2})/u;
const NON_ASCII = /\P{ASCII}+/gu;

/**
 * Parses a template.
 *
 * @throws TypeError that names the template and the position of the first mistake.
 */
export function parseUriTemplate(template: string): readonly TemplatePart[] {
  if (typeof template !== "string") throw new TypeError(`A URI template is a string, not ${typeof template}`);
  if (template.length > MAX_TEMPLATE_LENGTH) {
    throw malformed(template, MAX_TEMPLATE_LENGTH, `longer than ${MAX_TEMPLATE_LENGTH} characters`);
  }
  const parts: TemplatePart[] = [];
  let variables = 0;
  for (let at = 0; at < template.length; ) {
    const open = template.indexOf("{", at);
    const literalEnd = open === -1 ? template.length : open;
    if (literalEnd > at) parts.push({ kind: "literal", text: parseLiteral(template, at, literalEnd) });
    if (open === -1) break;
    const close = template.indexOf("}", open);
    if (close === -1) throw malformed(template, open, "this brace is never closed");
    const expression = parseExpression(template, open + 1, close);
    variables += expression.variables.length;
    if (variables > MAX_TEMPLATE_VARIABLES) {
      throw malformed(template, open, `more than ${MAX_TEMPLATE_VARIABLES} variables`);
    }
    parts.push(expression);
    at = close + 1;
  }
  return parts;
}

function parseLiteral(template: string, start: number, end: number): string {
  const text = template.slice(start, end);
  const bad = BAD_LITERAL.exec(text);
  if (bad !== null) {
    throw malformed(template, start + bad.index, `${JSON.stringify(bad[0])} must be percent-encoded here`);
  }
  // RFC 6570 §3.1: literal characters outside ASCII are expanded as percent-encoded UTF-8.
  return text.replace(NON_ASCII, (run: string, index: number) => {
    try {
      return encodeURIComponent(run);
    } catch {
      throw malformed(template, start + index, "a lone surrogate is not a character");
    }
  });
}

function parseExpression(template: string, start: number, end: number): Expression {
  const first = template.charAt(start);
  if (start === end) throw malformed(template, start, "an expression needs a variable name");
  if (RESERVED_OPERATOR.test(first)) throw malformed(template, start, `the operator ${first} is reserved`);
  const operator = (OPERATOR.test(first) ? first : "") as Operator;
  const variables: VariableSpec[] = [];
  let at = start + operator.length;
  for (const text of template.slice(at, end).split(",")) {
    variables.push(parseVariable(template, at, text));
    at += text.length + 1;
  }
  return { kind: "expression", operator, variables };
}

function parseVariable(template: string, at: number, text: string): VariableSpec {
  const explode = text.endsWith("*");
  const colon = text.indexOf(":");
  const name = explode ? text.slice(0, -1) : colon === -1 ? text : text.slice(0, colon);
  if (explode && colon !== -1) throw malformed(template, at, "a variable has either a prefix or *, not both");
  if (!VARIABLE_NAME.test(name)) {
    throw malformed(template, at, `${JSON.stringify(name)} is no variable name (letters, digits, _ and single dots)`);
  }
  if (colon === -1) return { name, explode, prefix: undefined };
  const digits = text.slice(colon + 1);
  if (!/^[1-9][0-9]*$/.test(digits) || digits.length > MAX_PREFIX_DIGITS) {
    throw malformed(template, at + colon + 1, "a prefix is a number from 1 to 9999");
  }
  return { name, explode, prefix: Number(digits) };
}

function malformed(template: string, position: number, reason: string): TypeError {
  const shown = template.length > SHOWN_LENGTH ? `${template.slice(0, SHOWN_LENGTH)}…` : template;
  return new TypeError(`Malformed URI template ${JSON.stringify(shown)} at position ${position}: ${reason}`);
}
