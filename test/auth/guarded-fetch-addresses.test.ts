/** [84, S25] No spelling of an address, and no name, leads a guarded fetch to something private. */
import { BlockList } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuardedFetch } from "../../src/guarded-fetch.js";
import { isPublicAddress } from "../../src/util/public-address.js";
import { fakeNames, type WebServer, webServer } from "./helpers/web-servers.js";

type Octets = readonly [number, number, number, number];

/** Ranges that must never be reached, each with the free bits of its addresses. */
const PRIVATE: readonly (readonly [string, Octets, number])[] = [
  ["this network", [0, 0, 0, 0], 24],
  ["private 10/8", [10, 0, 0, 0], 24],
  ["carrier NAT", [100, 64, 0, 0], 22],
  ["loopback", [127, 0, 0, 0], 24],
  ["link-local and metadata", [169, 254, 0, 0], 16],
  ["private 172.16/12", [172, 16, 0, 0], 20],
  ["protocol assignments", [192, 0, 0, 0], 8],
  ["private 192.168/16", [192, 168, 0, 0], 16],
  ["measurements", [198, 18, 0, 0], 17],
  ["multicast", [224, 0, 0, 0], 28],
  ["reserved and broadcast", [240, 0, 0, 0], 28],
];

const numberOf = ([a, b, c, d]: Octets): number => a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
const octetsOf = (value: number): Octets => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

const privateAddress = fc
  .constantFrom(...PRIVATE)
  .chain(([, base, bits]) => fc.integer({ min: 0, max: 2 ** bits - 1 }).map((rest) => numberOf(base) + rest));
const publicAddress = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .filter((value) => isPublicAddress(octetsOf(value).join(".")));

const hex = (value: number, width: number) => value.toString(16).padStart(width, "0");
const radixes: readonly ((part: number) => string)[] = [
  (part) => String(part),
  (part) => `0x${part.toString(16)}`,
  (part) => `0X${part.toString(16).toUpperCase()}`,
  (part) => `0${part.toString(8)}`,
  (part) => `0x0000${part.toString(16)}`,
  (part) => `000${part.toString(8)}`,
];
/** The last part of a short form holds all the rest: 127.1, 0x7f000001. */
function partsOf(value: number, count: number): readonly number[] {
  const octets = octetsOf(value).slice(0, count - 1);
  return [...octets, value % 2 ** (8 * (5 - count))];
}
const FULL_WIDTH = (text: string) =>
  text.replaceAll(/[0-9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0));
const decorations: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `${text}.`,
  FULL_WIDTH,
  (text) => text.replaceAll(".", "。"),
  (text) => text.replaceAll(".", "%2e"),
  (text) => text.replaceAll(/[0-9]/g, (digit) => `%${hex(digit.charCodeAt(0), 2)}`),
];

const spelledV4 = (address: fc.Arbitrary<number>) =>
  fc
    .tuple(
      address,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom(...radixes), { minLength: 4, maxLength: 4 }),
      fc.constantFrom(...decorations),
    )
    .map(([value, count, written, decorate]) => {
      return decorate(
        partsOf(value, count)
          .map((part, index) => written[index]?.(part))
          .join("."),
      );
    });

/** Ways in which IPv6 holds IPv4. */
const embeddings: readonly ((value: number) => string)[] = [
  (value) => `::ffff:${octetsOf(value).join(".")}`,
  (value) => `::ffff:${hex(value >>> 16, 1)}:${hex(value & 0xffff, 1)}`,
  (value) => `0:0:0:0:0:FFFF:${hex(value >>> 16, 4)}:${hex(value & 0xffff, 4)}`,
  (value) => `::${octetsOf(value).join(".")}`,
  (value) => `::ffff:0:${octetsOf(value).join(".")}`,
  (value) => `64:ff9b::${octetsOf(value).join(".")}`,
  (value) => `64:ff9b:1::${octetsOf(value).join(".")}`,
  (value) => `2002:${hex(value >>> 16, 4)}:${hex(value & 0xffff, 4)}::1`,
  (value) => `2001:0:4136:e378:8000:63bf:${hex((value >>> 16) ^ 0xffff, 4)}:${hex((value & 0xffff) ^ 0xffff, 4)}`,
];
const spelledV6 = fc.tuple(privateAddress, fc.constantFrom(...embeddings)).map(([value, embed]) => `[${embed(value)}]`);

const BLOCKED = { name: "HoldfastError", code: "ERR_BLOCKED_URL" };
/** Nothing here may get as far as a connection, or ask for a name. */
const names = fakeNames({});
const guarded = createGuardedFetch({ resolveHost: names.resolveHost });
const refusedAt = async (host: string) => {
  await expect(guarded(`http://${host}:1/`), host).rejects.toMatchObject(BLOCKED);
  expect(names.asked, host).toEqual([]);
};

describe("addresses", () => {
  test("IPv4, however it is spelled", async () => {
    await fc.assert(fc.asyncProperty(spelledV4(privateAddress), refusedAt), { numRuns: 1_000 });
  });

  test("IPv4 inside IPv6", async () => {
    await fc.assert(fc.asyncProperty(spelledV6, refusedAt), { numRuns: 500 });
  });

  test("every spelling of a public one is known for what it is", () => {
    fc.assert(
      fc.property(publicAddress, fc.constantFrom(...radixes), (value, write) => {
        const { hostname } = new URL(`http://${octetsOf(value).map(write).join(".")}/`);
        expect(isPublicAddress(hostname)).toBe(true);
        expect(isPublicAddress(`::ffff:${hostname}`)).toBe(true);
        expect(isPublicAddress(`64:ff9b::${hostname}`)).toBe(true);
        expect(isPublicAddress(`2002:${hex(value >>> 16, 4)}:${hex(value & 0xffff, 4)}::1`)).toBe(false);
      }),
    );
  });

  test("the ranges are those of the registry, to the last address", () => {
    const list = new BlockList();
    for (const [, base, bits] of PRIVATE) list.addSubnet(base.join("."), 32 - bits, "ipv4");
    for (const [, base, bits] of PRIVATE) {
      const first = numberOf(base);
      for (const inside of [first, first + 2 ** bits - 1])
        expect(isPublicAddress(octetsOf(inside).join("."))).toBe(false);
      for (const outside of [first - 1, first + 2 ** bits].filter((value) => value > 0 && value < 2 ** 32)) {
        const text = octetsOf(outside).join(".");
        // 192.0.1.0 follows on one range, and documentation on 192.0.1.255.
        expect(isPublicAddress(text), text).toBe(!list.check(text));
      }
    }
  });

  test.each([
    ...["[::]", "[::1]", "[fe80::1]", "[febf::1]", "[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]"],
    ...["[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[4000::1]", "[1::]", "[fec0::1]"],
    ...["168.63.129.16", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "100.100.100.200"],
  ])("%s", refusedAt);

  test.each([
    "1.1.1.1",
    "8.8.8.8",
    "192.0.1.0",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "223.255.255.255",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));
  test.each(["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:800::200e", "2001:200::1"])(
    "%s is public",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  test.each(["", "localhost", "1.2.3", "2606::1%eth0", "fe80::1%1", "8.8.8.8 ", "08.8.8.8"])(
    "%j is no address",
    (address) => expect(isPublicAddress(address)).toBe(false),
  );
});

describe("names", () => {
  let server: WebServer;
  beforeAll(async () => {
    server = await webServer((_request, response) => response.end("secret of the intranet"));
  });
  afterAll(() => server.close());
  const at = (host: string) => `http://${host}:${server.port}/`;

  test("that lead to this machine by the system's own resolver", async () => {
    for (const host of ["localhost", "LOCALHOST"]) {
      await expect(createGuardedFetch()(at(host))).rejects.toMatchObject(BLOCKED);
    }
  });

  test.each<[string, readonly string[]]>([
    ["a private address", ["10.0.0.5"]],
    ["a public and a private one", ["93.184.215.14", "127.0.0.1"]],
    ["a private and a public one", ["127.0.0.1", "93.184.215.14"]],
    ["a mapped one", ["::ffff:127.0.0.1"]],
    ["loopback of IPv6 beside a public one", ["2606:4700::1111", "::1"]],
    ["an address with a zone", ["fe80::1%eth0"]],
    ["something that is no address", ["intranet"]],
  ])("with %s", async (_what, addresses) => {
    const { resolveHost } = fakeNames({ "evil.example": [addresses] });
    const error: Error = await createGuardedFetch({ resolveHost })(at("evil.example")).then(
      () => new Error("fetched"),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject(BLOCKED);
    for (const address of addresses) expect(error.message, "what a name leads to is not told").not.toContain(address);
  });

  test("without an address, or unknown", async () => {
    const { resolveHost } = fakeNames({ "empty.example": [[]] });
    const fetch = createGuardedFetch({ resolveHost });
    for (const host of ["empty.example", "unknown.example"]) {
      await expect(fetch(at(host))).rejects.toMatchObject({ name: "TypeError", message: "fetch failed" });
    }
  });

  test("that change their minds (rebinding): asked once, and the connection is made to what was checked", async () => {
    // 192.0.2.1 is allowed here for a public address; nobody answers there.
    const names = fakeNames({ "rebind.example": [["192.0.2.1"], ["127.0.0.1"]] });
    const fetch = createGuardedFetch({ resolveHost: names.resolveHost, allow: ["192.0.2.1"], timeoutMs: 300 });
    await expect(fetch(at("rebind.example"))).rejects.toThrow();
    expect(names.asked).toEqual(["rebind.example"]);
    expect(server.seen).toEqual([]);
    await expect(fetch(at("rebind.example"))).rejects.toMatchObject(BLOCKED);
    expect(server.seen).toEqual([]);
  });

  test("and the other way round: the pinned address serves although the name leads elsewhere by now", async () => {
    const names = fakeNames({ "pinned.example": [["127.0.0.1"], ["192.0.2.1"]] });
    const fetch = createGuardedFetch({ resolveHost: names.resolveHost, allow: ["127.0.0.0/8"] });
    const response = await fetch(at("pinned.example"));
    expect(await response.text()).toBe("secret of the intranet");
    expect(server.seen.at(-1)?.headers.host).toBe(`pinned.example:${server.port}`);
    expect(names.asked).toEqual(["pinned.example"]);
  });
});
