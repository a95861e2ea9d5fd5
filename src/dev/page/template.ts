/** Variables of a URI template, as a form; simple expansions only, which is what resources have. */
import type { Json } from "../page-types.js";

const EXPRESSION = /\{([+#./;?&]?)([^}]+)\}/g;

function namesIn(list: string): readonly string[] {
  return list.split(",").map((one) => one.replace(/(?:\*|:\d+)$/, ""));
}

export function templateSchema(template: string | undefined): Json {
  const found = [...(template ?? "").matchAll(EXPRESSION)];
  const names = found.flatMap(([, , list = ""]) => namesIn(list));
  const required = found.filter(([, kind]) => kind !== "?" && kind !== "&").flatMap(([, , list = ""]) => namesIn(list));
  return { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])), required };
}

/** The URI that the template makes of the values (RFC 6570). */
export function uriOf(template: string, values: Json): string {
  return template.replace(EXPRESSION, (_all, kind: string, list: string) => {
    const encode = kind === "+" || kind === "#" ? encodeURI : encodeURIComponent;
    const given = namesIn(list).filter((name) => values[name] !== undefined);
    if (given.length === 0) return "";
    const texts = given.map((name) => encode(String(values[name])));
    if (kind === "?" || kind === "&") return `${kind}${given.map((name, at) => `${name}=${texts[at]}`).join("&")}`;
    if (kind === ";") return given.map((name, at) => `;${name}=${texts[at]}`).join("");
    if (kind === "/" || kind === ".") return texts.map((text) => `${kind}${text}`).join("");
    return `${kind === "#" ? "#" : ""}${texts.join(",")}`;
  });
}
