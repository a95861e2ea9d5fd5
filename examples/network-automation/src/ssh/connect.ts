import type { DeviceTarget } from "../devices/directory.js";
import { fingerprint, type HostKeys } from "../devices/host-keys.js";
import { messageOf, NetworkError } from "../errors.js";
import { Client, type ConnectConfig, type SshClient } from "./ssh2.js";

export interface SshCredentials {
  readonly username: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
}

export interface SshOptions {
  readonly credentials: SshCredentials;
  readonly hostKeys: HostKeys;
  readonly connectTimeoutMs?: number;
  readonly commandTimeoutMs?: number;
  readonly maxOutputBytes?: number;
  /** Old IOS speaks only SHA-1 key exchange and CBC ciphers; off unless the operator asks. */
  readonly legacyAlgorithms?: boolean;
}

/** TCP, key exchange and login over a WAN take two or three seconds on an old router. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 15_000;

const LEGACY: NonNullable<ConnectConfig["algorithms"]> = {
  kex: { append: ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"], prepend: [], remove: [] },
  serverHostKey: { append: ["ssh-rsa"], prepend: [], remove: [] },
  cipher: { append: ["aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"], prepend: [], remove: [] },
  hmac: { append: ["hmac-sha1"], prepend: [], remove: [] },
};

interface HostCheck {
  presented: string | undefined;
  readonly accepts: (key: Buffer) => boolean;
}

/** Logs in to one device, or says what kept it from it. The caller ends the client. */
export async function connect(target: DeviceTarget, options: SshOptions, signal?: AbortSignal): Promise<SshClient> {
  const pins = options.hostKeys.pinsFor(target);
  const check: HostCheck = {
    presented: undefined,
    accepts: (key) => {
      check.presented = fingerprint(key);
      return pins.includes(check.presented);
    },
  };
  const client = new Client();
  try {
    await established(client, configFor(target, options, check), signal);
    // Configuration goes line by line: with Nagle's algorithm each would wait for an acknowledgement.
    client.setNoDelay(true);
    return client;
  } catch (error) {
    client.destroy();
    throw explain(error, { target, pins, check, signal, username: options.credentials.username });
  }
}

function established(client: SshClient, config: ConnectConfig, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (then: () => void) => () => {
      signal?.removeEventListener("abort", onAbort);
      then();
    };
    client.once("ready", settle(resolve));
    // Stays on for good: an error event without a listener would end the process.
    client.on("error", (error: Error) => settle(() => reject(error))());
    client.once(
      "close",
      settle(() => reject(new Error("the device closed the connection"))),
    );
    const password = config.password;
    client.on("keyboard-interactive", (_name, _instructions, _lang, prompts, finish) => {
      finish(prompts.map((prompt) => (prompt.echo === true ? "" : (password ?? ""))));
    });
    client.connect(config);
  });
}

function configFor(target: DeviceTarget, options: SshOptions, check: HostCheck): ConnectConfig {
  const { username, password, privateKey, passphrase } = options.credentials;
  return {
    host: target.host,
    port: target.port,
    username,
    readyTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    hostVerifier: check.accepts,
    // Many network devices offer the password only through this method.
    tryKeyboard: password !== undefined,
    password,
    privateKey,
    passphrase,
    algorithms: options.legacyAlgorithms === true ? LEGACY : undefined,
  };
}

interface Attempt {
  readonly target: DeviceTarget;
  readonly pins: readonly string[];
  readonly check: HostCheck;
  readonly signal: AbortSignal | undefined;
  readonly username: string;
}

function explain(error: unknown, { target, pins, check, signal, username }: Attempt): NetworkError {
  const { name, host, port } = target;
  const level = typeof error === "object" && error !== null && "level" in error ? String(error.level) : "";
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const fail = (kind: NetworkError["code"], text: string): NetworkError =>
    new NetworkError(kind, `${name}: ${text}`, { cause: error });
  if (signal?.aborted === true) return fail("cancelled", "cancelled while connecting.");
  const presented = check.presented;
  if (presented !== undefined && !pins.includes(presented)) {
    if (pins.length === 0) {
      return fail(
        "refused",
        `no SSH host key is pinned for it, so nothing was sent. The operator must compare ${presented} with the device and add it to SSH_HOST_KEYS_FILE.`,
      );
    }
    return fail(
      "refused",
      `its SSH host key is ${presented}, not the pinned one. It was replaced or someone is in between: tell the operator, do not retry.`,
    );
  }
  if (level === "client-authentication")
    return fail(
      "forbidden",
      `the login for "${username}" was refused. The operator must check SSH_USERNAME and SSH_PASSWORD or SSH_KEY_FILE.`,
    );
  if (level === "client-timeout" || code === "ETIMEDOUT")
    return fail("timeout", `no SSH login within the time limit at ${host} port ${port}. It may be down or filtered.`);
  if (code === "ECONNREFUSED")
    return fail("unreachable", `nothing listens for SSH at ${host} port ${port} (connection refused).`);
  if (/no matching/i.test(messageOf(error)))
    return fail(
      "unreachable",
      `no common SSH algorithm. The operator can set SSH_LEGACY_ALGORITHMS=true for old devices.`,
    );
  return fail("unreachable", `SSH to ${host} port ${port} failed: ${code || messageOf(error)}.`);
}
