import { BlockList, isIP } from "node:net";

/** IPv4 ranges that are not on the internet (IANA special-purpose registry), or serve the machine they are asked from. */
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8], // this network; 0.0.0.0 is this machine
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // behind a carrier's NAT; metadata of Alibaba Cloud
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // Azure's services for the machine itself, at an address that looks public
  ["169.254.0.0", 16], // link-local; metadata of most clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments; metadata of Oracle Cloud
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays, withdrawn
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // measurements
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved; broadcast
];

/** All that is routed of IPv6; loopback, link-local, unique-local and multicast addresses are outside. */
const GLOBAL_V6: readonly [string, number] = ["2000::", 3];

/** Of the global part, what leads elsewhere. */
const NOT_PUBLIC_V6: readonly (readonly [string, number])[] = [
  ["2001::", 23], // protocol assignments, among them Teredo, which holds IPv4 addresses
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, withdrawn; holds an IPv4 address
  ["3fff::", 20], // documentation
];

/** `::ffff:0:0/96`, IPv4 written as IPv6, in eight groups. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff];
/** `64:ff9b::/96` (RFC 6052): how hosts without IPv4 reach it, so it is as public as the address in it. */
const NAT64 = [0x64, 0xff9b, 0, 0, 0, 0];

const notPublic = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) notPublic.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of NOT_PUBLIC_V6) notPublic.addSubnet(net, prefix, "ipv6");
const global = new BlockList();
global.addSubnet(...GLOBAL_V6, "ipv6");

/**
 * True for an address on the internet: one that leads to nothing private, by none of the ways in which IPv6 holds IPv4.
 * False for anything that is no address, also for one with a zone (`fe80::1%eth0`).
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  if (family !== 6 || address.includes("%")) return false;
  const inside = embedded(address, MAPPED) ?? embedded(address, NAT64);
  if (inside !== undefined) return isPublicAddress(inside);
  return global.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** The IPv4 address that `::ffff:10.0.0.1` writes as IPv6; any other address as it is. */
export function unmapped(address: string): string {
  return (isIP(address) === 6 && !address.includes("%") && embedded(address, MAPPED)) || address;
}

function embedded(address: string, prefix: readonly number[]): string | undefined {
  const groups = groupsOf(address);
  if (!prefix.every((group, index) => groups[index] === group)) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The eight numbers of an IPv6 address. `URL` knows all ways to write one, and writes it in one way. */
function groupsOf(address: string): readonly number[] {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}
