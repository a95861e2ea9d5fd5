import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf } from "../errors.js";
import type { DeviceTarget } from "./directory.js";

/**
 * Pinned SSH host keys. Without a pin no connection is made: the password would otherwise be typed into
 * whatever answers at that address.
 */
export interface HostKeys {
  /** Fingerprints (`SHA256:…`) accepted for this device; empty when none is pinned. */
  pinsFor(target: DeviceTarget): readonly string[];
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
/** A line of `ssh-keyscan` without the host: `ssh-ed25519 AAAA… comment`. */
const PUBLIC_KEY = /^(?:ssh|ecdsa)-[a-z0-9-]+ ([A-Za-z0-9+/=]+)(?: .*)?$/;

const fileSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** As OpenSSH prints it, so an operator can compare with `ssh-keygen -lf`. */
export function fingerprint(publicKey: Buffer): string {
  return `SHA256:${createHash("sha256").update(publicKey).digest("base64").replace(/=+$/, "")}`;
}

/** Keys are a device name or `host:port`; values a fingerprint, a public key, or a list of either. */
export function hostKeysFrom(entries: Readonly<Record<string, string | readonly string[]>>): HostKeys {
  const pins = new Map<string, string[]>();
  for (const [key, value] of Object.entries(entries)) {
    pins.set(
      key,
      (typeof value === "string" ? [value] : value).map((one) => toFingerprint(one, key)),
    );
  }
  return { pinsFor: ({ name, host, port }) => pins.get(name) ?? pins.get(`${host}:${port}`) ?? [] };
}

export function readHostKeys(path: string): HostKeys {
  try {
    return hostKeysFrom(fileSchema.parse(JSON.parse(readFileSync(path, "utf8"))));
  } catch (cause) {
    const example = '{"sw1": "SHA256:…", "10.0.0.3:22": "ssh-ed25519 AAAA…"}';
    throw new TypeError(`SSH_HOST_KEYS_FILE ${path} is not usable: ${messageOf(cause)}\nExpected: ${example}`, {
      cause,
    });
  }
}

function toFingerprint(text: string, key: string): string {
  if (FINGERPRINT.test(text)) return text;
  const blob = PUBLIC_KEY.exec(text.trim())?.[1];
  if (blob !== undefined) return fingerprint(Buffer.from(blob, "base64"));
  throw new TypeError(`the entry for "${key}" is neither "SHA256:…" nor a public key line`);
}
