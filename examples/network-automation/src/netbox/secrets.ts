/**
 * NetBox keeps some secrets in ordinary fields (Wi-Fi and IPsec keys, webhook secrets, FHRP keys, data
 * source passwords). A token that may read the object reads them too; a model has no use for them.
 */
const SECRET_FIELD =
  /(^|_)(password|passphrase|secret|psk|preshared_key|private_key|access_key|auth_key|token|community)$/i;
const SECRET_NAMES: ReadonlySet<string> = new Set(["additional_headers"]);

export const REDACTED = "[redacted]";

export function isSecretField(name: string): boolean {
  return SECRET_FIELD.test(name) || SECRET_NAMES.has(name);
}

/** A copy of `value` in which every non-empty secret is replaced. Input is parsed JSON, so it is a tree. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const hide = isSecretField(key) && typeof inner === "string" && inner !== "";
      return [key, hide ? REDACTED : redact(inner)];
    }),
  );
}
