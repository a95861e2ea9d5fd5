/** The small parsers of header values: encoded names, mirrored arguments, Accept and Content-Type. */
import { decodeHeaderValue, headerMatches } from "../../../src/protocol/headers.js";
import { acceptedForms, isJson } from "../../../src/transports/http/negotiation.js";
import { encodeHeaderValue } from "../../support/modern.js";
import type { Dice } from "../kit/dice.js";
import { type Asked, MemoryExchange } from "../kit/exchange.js";
import { oddString } from "../kit/json.js";
import { toWellFormed } from "../kit/surrogates.js";
import { must, type Target } from "../kit/target.js";
import { mutateText } from "../kit/text.js";

interface Values {
  readonly name: string;
  readonly raw: string;
  readonly argument: string | number | boolean | object;
  readonly accept: string;
  readonly type: string;
}

/** Node reads the alphabet of URLs as well. */
const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;
const RANGES = [
  "application/json",
  "text/event-stream",
  "*/*",
  "application/*",
  "text/*",
  "text/html",
  "APPLICATION/JSON",
  "",
];
const WEIGHTS = ["", ";q=0", "; q=0.0", ";q=1", ";q=0.5", ";q=00", ";q", ";charset=utf-8", ' ; x="a,b"'];
const TYPES = ["application/json", "application/json;charset=utf-8", 'application/json; charset="UTF-8"', "text/plain"];
const SCALARS = [0, 1, -1, 42, 2 ** 53, 1e21, 0.5, true, false, "", "eu", "=?base64?x?=", "é"] as const;
/** They have no text of their own, and nothing may ask them for one. */
const OBJECTS = [{}, [], ["eu"], { toString: null }, JSON.parse('{"__proto__":null}') as object] as const;
const DECIMALS = [
  "0",
  "1",
  "42",
  "42.0",
  "-1",
  "042",
  "4.2e1",
  "0x2a",
  " 42",
  "42.",
  ".5",
  "true",
  "TRUE",
  "1".repeat(18),
];

export const headers: Target<Values> = {
  name: "headers",
  weight: 130,
  generate: (dice: Dice): Values => {
    const name = oddString(dice).slice(0, 256);
    const encoded = encodeHeaderValue(toWellFormed(name));
    const accept = Array.from({ length: dice.between(1, 3) }, () => dice.pick(RANGES) + dice.pick(WEIGHTS)).join(", ");
    return {
      name,
      raw: dice.flip(3) ? mutateText(dice, encoded) : dice.flip(4) ? dice.pick(DECIMALS) : encoded,
      argument: dice.flip(8) ? dice.pick(OBJECTS) : dice.pick(SCALARS),
      accept: dice.flip(4) ? mutateText(dice, accept) : accept,
      type: dice.flip(2) ? mutateText(dice, dice.pick(TYPES)) : dice.pick(TYPES),
    };
  },
  run: ({ name, raw, argument, accept, type }) => {
    const wellFormed = toWellFormed(name);
    must(decodeHeaderValue(encodeHeaderValue(wellFormed)) === wellFormed, `${wellFormed} does not come back`);
    const decoded = decodeHeaderValue(raw);
    must(decoded === referenceDecoded(raw), () => `${raw} decodes to ${decoded}`);
    checkMatch(decoded ?? raw, argument);
    const http = new MemoryExchange(asked(accept, type));
    checkAccept(accept, acceptedForms(http));
    if (isJson(http)) must(/^\s*application\/json\s*(;|$)/i.test(type), `${type} passed for JSON`);
  },
};

/** As the specification says it, with the decoder that refuses what is odd instead of patterns. */
function referenceDecoded(raw: string): string | undefined {
  for (const unit of raw) if (unit !== "\t" && (unit < " " || unit > "~")) return undefined;
  if (!raw.startsWith("=?base64?") || !raw.endsWith("?=")) return raw;
  const inner = raw.slice("=?base64?".length, -"?=".length);
  const bytes = Buffer.from(inner, "base64");
  if (raw.length < "=?base64??=".length || !ALPHABET.test(inner)) return undefined;
  if (withoutSpareBits(bytes) !== withoutSpareBits(inner)) return undefined;
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
}

/** Base64 without its last bits, which carry nothing where there is padding (RFC 4648, 3.5). */
function withoutSpareBits(of: Buffer | string): string {
  const text = typeof of === "string" ? of : of.toString("base64");
  return text.replace(/.(=+)$/s, "*$1");
}

function checkMatch(decoded: string, argument: Values["argument"]): void {
  for (const type of ["string", "integer", "boolean"] as const) {
    if (!headerMatches(decoded, argument, type)) continue;
    must(typeof argument !== "object", `${JSON.stringify(decoded)} passed for ${JSON.stringify(argument)}`);
    const same = typeof argument === "number" ? Number(decoded) === argument : decoded === String(argument);
    must(same, `${JSON.stringify(decoded)} passed for ${type} ${JSON.stringify(argument)}`);
  }
  if (typeof argument === "object") return;
  must(headerMatches(String(argument), argument, "string"), `${argument} is not what it says`);
}

function checkAccept(accept: string, { json, sse }: { readonly json: boolean; readonly sse: boolean }): void {
  const lower = accept.toLowerCase();
  if (json) must(/application\/|\*\/\*/.test(lower), `${accept} passed for JSON`);
  if (sse) must(/text\/|\*\/\*/.test(lower), `${accept} passed for an event stream`);
}

function asked(accept: string, type: string): Asked {
  const given = { accept, "content-type": type };
  const body = { ok: true, text: "" } as const;
  return { method: "POST", path: "/mcp", query: "", headers: given, body, late: false, localAddress: undefined };
}
