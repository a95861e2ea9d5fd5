import type { DeviceTarget } from "../devices/directory.js";
import { NetworkError } from "../errors.js";
import { connect, type SshOptions } from "./connect.js";
import type { ClientChannel, SshClient } from "./ssh2.js";

export interface CommandOutput {
  readonly output: string;
  readonly truncated: boolean;
}

/** `show running-config` of a large chassis takes IOS half a minute to build. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 60_000;
/** Beyond this a model loses the thread, and a full routing table is without end. */
export const DEFAULT_MAX_OUTPUT_BYTES = 128 * 1024;

/** One command on a connection of its own: many devices allow a single exec per connection. */
export async function runCommand(
  target: DeviceTarget,
  command: string,
  options: SshOptions,
  signal?: AbortSignal,
): Promise<CommandOutput> {
  const client = await connect(target, options, signal);
  try {
    return await execute(client, { name: target.name, command, options, signal });
  } finally {
    client.end();
  }
}

interface Execution {
  readonly name: string;
  readonly command: string;
  readonly options: SshOptions;
  readonly signal: AbortSignal | undefined;
}

export async function execute(client: SshClient, run: Execution): Promise<CommandOutput> {
  const timeoutMs = run.options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const stop = run.signal === undefined ? timeout : AbortSignal.any([run.signal, timeout]);
  try {
    const channel = await openExec(client, run.command);
    const ended = endOf(client, channel);
    const collected = await collect(channel, run.options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES, stop);
    if (ended.broken && !collected.truncated) throw new Error("the connection was lost before the command ended");
    return collected;
  } catch (cause) {
    client.destroy();
    if (run.signal?.aborted === true)
      throw new NetworkError("cancelled", `${run.name}: cancelled during "${run.command}".`, { cause });
    if (timeout.aborted)
      throw new NetworkError("timeout", `${run.name}: "${run.command}" did not finish within ${timeoutMs} ms.`, {
        cause,
      });
    throw new NetworkError("unreachable", `${run.name}: the connection broke during "${run.command}". Try once more.`, {
      cause,
    });
  }
}

function openExec(client: SshClient, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.once("close", () => reject(new Error("connection closed")));
    client.exec(command, (error, channel) => (error === undefined ? resolve(channel) : reject(error)));
  });
}

/**
 * ssh2 closes a channel the same way when the command is done and when the line is cut. Half an output
 * must not pass for a whole one: it is whole if an exit status came, or if the connection outlived it.
 */
function endOf(client: SshClient, channel: ClientChannel): { readonly broken: boolean } {
  const state = { exited: false, lost: false };
  channel.once("exit", () => {
    state.exited = true;
  });
  client.once("close", () => {
    state.lost = true;
  });
  return {
    get broken() {
      return state.lost && !state.exited;
    },
  };
}

function collect(channel: ClientChannel, maxBytes: number, stop: AbortSignal): Promise<CommandOutput> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let finished = false;
    const finish = (truncated: boolean): void => {
      finished = true;
      stop.removeEventListener("abort", onAbort);
      resolve({ output: tidy(Buffer.concat(chunks).toString("utf8")), truncated });
    };
    const onAbort = (): void => reject(stop.reason);
    if (stop.aborted) return onAbort();
    stop.addEventListener("abort", onAbort, { once: true });
    const onData = (chunk: Buffer): void => {
      if (finished) return;
      const room = maxBytes - size;
      chunks.push(chunk.subarray(0, room));
      size += chunk.length;
      if (size <= maxBytes) return;
      finish(true);
      channel.close();
    };
    channel.on("data", onData);
    channel.stderr.on("data", onData);
    channel.on("error", reject);
    channel.on("close", () => finish(false));
  });
}

/** Terminals end lines with CR LF, and IOS opens with an empty one. */
export function tidy(text: string): string {
  return text.replace(/\r+\n?/g, "\n").replace(/^\n+|\s+$/g, "");
}
