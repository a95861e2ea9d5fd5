import { BlockList, isIP } from "node:net";
import { HoldfastError } from "../errors.js";
import type { OptionChecks } from "./option-checks.js";
import { isPublicAddress, unmapped } from "./public-address.js";

/** Gives the addresses of a host name: all of them, as any may be the one that is used. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** What a URL led to when it was checked, and what the connection is then made to. */
export interface Target {
  readonly url: URL;
  /** The host as an address or a name, without brackets. */
  readonly hostname: string;
  readonly addresses: readonly string[];
}

const MAX_PORT = 65_535;
/** Letters, digits and what host names have besides; no wildcard, and other alphabets in their ASCII form. */
const HOST_NAME = /^[a-z0-9_.-]+$/i;

/** Decides which URLs may be fetched. */
export class FetchTargets {
  readonly #allow: AllowList;
  readonly #ports: ReadonlySet<number> | undefined;
  readonly #resolveHost: ResolveHost;

  /** @throws HoldfastError `ERR_CONFIG` for an entry of `allow` that is no host name, address or CIDR range, and for a wrong port. */
  constructor(options: {
    readonly allow: readonly string[];
    readonly ports: readonly number[] | undefined;
    readonly resolveHost: ResolveHost;
    readonly checks: OptionChecks;
  }) {
    const { ports, checks } = options;
    this.#allow = new AllowList(options.allow, checks);
    if (ports?.some((port) => !Number.isInteger(port) || port < 1 || port > MAX_PORT)) {
      throw checks.wrong("ports must be numbers of ports");
    }
    this.#ports = ports === undefined ? undefined : new Set(ports);
    this.#resolveHost = options.resolveHost;
  }

  /** @throws HoldfastError `ERR_BLOCKED_URL`; it does not say which addresses a name has. */
  async check(url: URL): Promise<Target> {
    const scheme = url.protocol;
    if (scheme !== "http:" && scheme !== "https:") throw blockedUrl("only http and https are allowed");
    if (url.username !== "" || url.password !== "") throw blockedUrl("it holds credentials");
    const port = url.port === "" ? (scheme === "https:" ? 443 : 80) : Number(url.port);
    if (this.#ports?.has(port) === false) throw blockedUrl(`port ${port} is not allowed`);
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    // `URL` writes an IPv4 address in one way, however it was spelled: decimal, octal, hexadecimal, full-width, short.
    if (isIP(hostname) !== 0) return { url, hostname, addresses: [this.#assert(hostname, hostname)] };
    const addresses = await this.#resolve(hostname);
    return { url, hostname, addresses: addresses.map((address) => this.#assert(address, hostname)) };
  }

  async #resolve(hostname: string): Promise<readonly string[]> {
    let addresses: readonly string[];
    try {
      addresses = await this.#resolveHost(hostname);
    } catch (cause) {
      throw new TypeError("fetch failed", { cause });
    }
    if (addresses.length > 0) return addresses;
    throw new TypeError("fetch failed", { cause: new Error(`${hostname} has no address`) });
  }

  #assert(address: string, hostname: string): string {
    if (isIP(address) !== 0) {
      if (isPublicAddress(address) || this.#allow.hasName(hostname) || this.#allow.hasAddress(address)) return address;
    }
    throw blockedUrl(`${hostname} is not a public address, or leads to one that is not`);
  }
}

/** Made for programs and for models: says why, and nothing of the network behind. */
export function blockedUrl(why: string, options?: ErrorOptions): HoldfastError {
  return new HoldfastError("ERR_BLOCKED_URL", `The URL was not fetched: ${why}.`, options);
}

/** The addresses that the system knows for a name, hosts file included. */
export async function systemAddresses(hostname: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(hostname, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}

/** Hosts that may be fetched although they are not public. */
class AllowList {
  readonly #names = new Set<string>();
  readonly #ranges = new BlockList();

  constructor(entries: readonly string[], checks: OptionChecks) {
    for (const entry of entries) {
      if (!this.#addRange(entry) && !this.#addName(entry)) {
        throw checks.wrong(`allow: ${JSON.stringify(entry)} is no host name, address or CIDR range`);
      }
    }
  }

  hasName(hostname: string): boolean {
    return this.#names.has(withoutDot(hostname));
  }

  hasAddress(address: string): boolean {
    const plain = unmapped(address);
    return !plain.includes("%") && this.#ranges.check(plain, isIP(plain) === 4 ? "ipv4" : "ipv6");
  }

  #addRange(entry: string): boolean {
    const match = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(entry);
    const [, address = "", prefix] = match ?? [];
    const family = isIP(address);
    if (family === 0) return false;
    const most = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? most : Number(prefix);
    if (bits > most) return false;
    this.#ranges.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
    return true;
  }

  /** As `URL` writes it, so that a name is found again; what `URL` takes for an address was written in an odd way. */
  #addName(entry: string): boolean {
    const url = `http://${entry}/`;
    if (!HOST_NAME.test(entry) || !URL.canParse(url)) return false;
    const { hostname } = new URL(url);
    if (hostname !== entry.toLowerCase() || isIP(hostname) !== 0) return false;
    this.#names.add(withoutDot(hostname));
    return true;
  }
}

function withoutDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}
