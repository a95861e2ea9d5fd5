/**
 * Takes credentials out of what is reported (test catalogue 85): what looks like one, and what was said to be one. It is
 * the last line of defence: nothing logs credentials on purpose, but errors of libraries quote what they were given.
 */

/** Stands where something was taken out. */
export const REDACTED = "[redacted]";
/** Anything shorter would be found in words of every line; secrets are longer. */
const MIN_SECRET_LENGTH = 8;
/** More than one server has; tests make many servers in one process. */
const MAX_SECRETS = 256;

/** Texts that must not be reported, whatever they look like. Of the process, as stderr is. */
const SECRETS = new Set<string>();

/**
 * Keeps a secret out of everything Holdfast logs and audits, wherever it stands in a text; e.g. the password of a
 * database, which its driver may quote in an error. The server's own `secret` and `MCP_TOKEN` are kept out by themselves.
 * Texts of less than 8 characters are not looked for.
 *
 * @example
 * ```ts
 * import { hideFromLogs } from "holdfast";
 *
 * hideFromLogs(process.env.NETBOX_TOKEN);
 * ```
 */
export function hideFromLogs(secret: string | undefined): void {
  if (secret === undefined || secret.length < MIN_SECRET_LENGTH) return;
  for (const form of [secret, new URLSearchParams([["", secret]]).toString().slice(1)]) {
    SECRETS.delete(form);
    SECRETS.add(form);
  }
  for (const oldest of SECRETS) {
    if (SECRETS.size <= MAX_SECRETS) break;
    SECRETS.delete(oldest);
  }
}

/** Between a name and its value: `name: value`, `name=value`, `"name":"value"`, `\"name\":\"value\"`. */
const HEADER = String.raw`\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?`;
/** The same for names that are words of prose too: with a colon only where they are quoted. */
const MEMBER = String.raw`(?:\s{0,4}=\s{0,4}|\\?["']\s{0,4}:\s{0,4})\\?["']?`;

/** What was redacted already is left as it is. */
const NOT_YET = String.raw`(?!\s{0,4}\\?["']?\[redacted\])`;

/** What credentials look like, and what is left of them. Every pattern takes time that is linear in the text. */
const PATTERNS: readonly (readonly [pattern: RegExp, left: string])[] = [
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]{0,30}-----)?/g, REDACTED],
  // User information of a URL; before what would take a part of it.
  [/\b([a-z][a-z0-9+.-]{1,30}:\/\/)[^\s/?#@"'<>]{1,1024}@/gi, `$1${REDACTED}@`],
  // To the end of the line or of the quoted text: schemes have parameters, cookies come in lists.
  [
    new RegExp(
      String.raw`\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(${HEADER})${NOT_YET}[^\r\n"'\\]+`,
      "gi",
    ),
    `$1$2${REDACTED}`,
  ],
  // Not the words of prose that follow "bearer"; the scheme twice is a common mistake.
  [
    /\b((?:(?:bearer|dpop)\s{1,4})+)(?!(?:tokens?|auth\w*|credentials?|scheme|header|error|realm|scope)(?:[\s.,;:!?)"']|=|$))[\w\-.~+/=%]{4,}/gi,
    `$1${REDACTED}`,
  ],
  [/\b(Basic)(\s{1,4})(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/]{6,}={0,2}/g, `$1$2${REDACTED}`],
  // A JWT or JWE, also one that was cut off: base64url of what begins with `{"`.
  [/(?<![A-Za-z0-9])eyJ[\w-]{12,}(?:\.[\w-]*)*/g, REDACTED],
  [
    new RegExp(
      String.raw`\b(\w{0,40}(?:_token|_secret)|client_assertion|code_verifier|api[_-]?key|password|passwd|secret|token)(${MEMBER})${NOT_YET}[^\s"'&,;})\]\\]+`,
      "gi",
    ),
    `$1$2${REDACTED}`,
  ],
];

/** `text` without what looks like a credential, and without what `hideFromLogs` was told. */
export function redactText(text: string): string {
  let left = text;
  for (const secret of SECRETS) if (left.includes(secret)) left = left.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of PATTERNS) left = left.replace(pattern, replacement);
  return left;
}

/** Characters that end a line, steer a terminal, or turn the direction in which a line is read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Control characters would let a caller forge log lines or colour a terminal (security record, row 28). */
export function escapeControl(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
