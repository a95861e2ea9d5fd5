import { randomBytes } from "node:crypto";
import { hashApiKey } from "../auth/api-key-table.js";
import { EXIT } from "./errors.js";
import type { Action } from "./spec.js";
import { paletteOf } from "./terminal.js";

/** Nobody guesses 256 bits; base64url needs no quoting anywhere. */
const KEY_BYTES = 32;
/** Tells scanners of repositories, and people, what they have found. */
const API_KEY_PREFIX = "hf_";

/** Nobody's yet: 256 bits. */
export const newSecret = (): string => randomBytes(KEY_BYTES).toString("base64url");

export function newApiKey(): { readonly key: string; readonly hash: string } {
  const key = `${API_KEY_PREFIX}${newSecret()}`;
  return { key, hash: hashApiKey(key) };
}

export const seal: Action = async ({ options }) => {
  const secret = newSecret();
  // Alone on its line, so that $(…) gives the secret and nothing else.
  process.stdout.write(`${options.json === true ? JSON.stringify({ secret }) : secret}\n`);
  return EXIT.ok;
};

export const api: Action = async ({ options }) => {
  const { key, hash } = newApiKey();
  const subject = typeof options.name === "string" ? options.name : undefined;
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...(subject !== undefined && { subject }), key, hash })}\n`);
    return EXIT.ok;
  }
  const { bold, dim } = paletteOf(process.stdout);
  const entry = `{ hash: ${JSON.stringify(hash)}, subject: ${JSON.stringify(subject ?? "…")}, permissions: [] }`;
  const lines = [
    `${bold("key")}    ${key}`,
    `${bold("hash")}   ${hash}`,
    `${bold("entry")}  ${entry}`,
    "",
    dim("The key is for the caller and is not shown again. The entry is for apiKeys({ keys: [ … ] })."),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return EXIT.ok;
};
