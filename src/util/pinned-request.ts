import type { IncomingMessage } from "node:http";
import { isIP, type LookupFunction } from "node:net";
import type { Target } from "./fetch-targets.js";

export interface PinnedRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal;
}

/**
 * Sends one request to one of the addresses that were checked, and to nothing else: the name is not resolved again, no
 * connection is shared, no proxy of the environment is used, and no redirect followed.
 */
export async function pinnedRequest(target: Target, sent: PinnedRequest): Promise<IncomingMessage> {
  const { url, hostname } = target;
  const { method, headers, body, signal } = sent;
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...{ protocol: url.protocol, hostname, port: url.port, path: `${url.pathname}${url.search}` },
      ...{ method, headers: Object.fromEntries(headers), signal },
      ...{ agent: false, lookup: lookupIn(target) },
    });
    const fail = (cause: unknown) => reject(signal.aborted ? signal.reason : new TypeError("fetch failed", { cause }));
    outgoing.on("response", resolve);
    outgoing.on("error", fail);
    // After a response nobody listens any more.
    outgoing.on("close", () => fail(new Error("The connection ended without an answer")));
    outgoing.end(body);
  });
}

function lookupIn({ addresses }: Target): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const [first] = all;
    // Always on a later turn, as `dns.lookup` does: `net` has not finished when it asks.
    process.nextTick(() => {
      if (options.all === true) callback(null, all);
      else callback(null, first?.address ?? "", first?.family);
    });
  };
}
