import { readFileSync } from "node:fs";
import type { DeviceDirectory } from "./devices/directory.js";
import { FileDirectory } from "./devices/file-directory.js";
import { hostKeysFrom, readHostKeys } from "./devices/host-keys.js";
import { NetBoxDirectory } from "./devices/netbox-directory.js";
import { messageOf } from "./errors.js";
import { NetBoxClient } from "./netbox/client.js";
import type { SshCredentials, SshOptions } from "./ssh/connect.js";
import type { DeviceAccess } from "./tools/run-show-command.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says: the real network, or none of it, which means the lab. */
export type Configuration = { readonly kind: "lab" } | Configured;

export interface Configured {
  readonly kind: "configured";
  readonly netbox: NetBoxClient | undefined;
  readonly devices: DeviceAccess | undefined;
  /** For the operator: what is not available, and what to set. */
  readonly notes: readonly string[];
}

export function readConfiguration(env: Environment): Configuration {
  const url = set(env.NETBOX_URL);
  const file = set(env.DEVICES_FILE);
  if (url === undefined && file === undefined) return { kind: "lab" };
  const notes: string[] = [];
  if (url !== undefined && set(env.NETBOX_TOKEN) === undefined)
    notes.push("NETBOX_TOKEN is not set: NetBox will refuse most queries.");
  const timeoutMs = positive(env, "NETBOX_TIMEOUT_MS");
  const netbox =
    url === undefined ? undefined : new NetBoxClient({ url, token: set(env.NETBOX_TOKEN) ?? "", timeoutMs });
  if (netbox === undefined) notes.push("NETBOX_URL is not set: query_netbox is not offered.");
  const directory = directoryFrom(env, netbox, file);
  const credentials = credentialsFrom(env);
  if (directory === undefined || credentials === undefined) {
    notes.push("SSH_USERNAME is not set: run_show_command, push_config and the inventory are not offered.");
    return { kind: "configured", netbox, devices: undefined, notes };
  }
  return { kind: "configured", netbox, devices: { directory, ssh: sshFrom(env, credentials, notes) }, notes };
}

function directoryFrom(
  env: Environment,
  netbox: NetBoxClient | undefined,
  file: string | undefined,
): DeviceDirectory | undefined {
  if (file !== undefined) return FileDirectory.read(file);
  if (netbox === undefined) return undefined;
  return new NetBoxDirectory(netbox, {
    portField: set(env.NETBOX_SSH_PORT_FIELD),
    hostField: set(env.NETBOX_SSH_HOST_FIELD),
  });
}

function credentialsFrom(env: Environment): SshCredentials | undefined {
  const username = set(env.SSH_USERNAME);
  if (username === undefined) return undefined;
  const password = set(env.SSH_PASSWORD);
  const keyFile = set(env.SSH_KEY_FILE);
  if (password === undefined && keyFile === undefined)
    throw new TypeError("SSH_USERNAME is set, but neither SSH_PASSWORD nor SSH_KEY_FILE.");
  const privateKey = keyFile === undefined ? undefined : readKey(keyFile);
  return { username, password, privateKey, passphrase: set(env.SSH_KEY_PASSPHRASE) };
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new TypeError(`SSH_KEY_FILE could not be read: ${messageOf(cause)}`, { cause });
  }
}

function sshFrom(env: Environment, credentials: SshCredentials, notes: string[]): SshOptions {
  const keysFile = set(env.SSH_HOST_KEYS_FILE);
  if (keysFile === undefined)
    notes.push("SSH_HOST_KEYS_FILE is not set: every device will be refused until its host key is pinned there.");
  return {
    credentials,
    hostKeys: keysFile === undefined ? hostKeysFrom({}) : readHostKeys(keysFile),
    legacyAlgorithms: env.SSH_LEGACY_ALGORITHMS === "true",
    connectTimeoutMs: positive(env, "SSH_CONNECT_TIMEOUT_MS"),
    commandTimeoutMs: positive(env, "SSH_COMMAND_TIMEOUT_MS"),
  };
}

/** An empty variable is how shells and compose files say "not set". */
function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function positive(env: Environment, name: string): number | undefined {
  const text = set(env[name]);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0)
    throw new TypeError(`${name} must be a whole number of milliseconds, not "${text}".`);
  return number;
}
