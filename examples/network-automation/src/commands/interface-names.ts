/** The spellings IOS takes for an interface, longest first where one starts another. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^twe(?:ntyfivegige?)?(?=\d)/i, "TwentyFiveGigE"],
  [/^te(?:ngigabitethernet)?(?=\d)/i, "TenGigabitEthernet"],
  [/^gi(?:g|ga|gabitethernet)?(?=\d)/i, "GigabitEthernet"],
  [/^fa(?:stethernet)?(?=\d)/i, "FastEthernet"],
  [/^eth?(?:ernet)?(?=\d)/i, "Ethernet"],
  [/^po(?:rt-channel)?(?=\d)/i, "Port-channel"],
  [/^vl(?:an)?(?=\d)/i, "Vlan"],
  [/^lo(?:opback)?(?=\d)/i, "Loopback"],
  [/^tu(?:nnel)?(?=\d)/i, "Tunnel"],
];

const NUMBERING = /^\d{1,5}(?:\/\d{1,3}){0,3}(?:\.\d{1,4})?$/;

/** "gi1/0/5" -> "GigabitEthernet1/0/5"; undefined when it is no interface name at all. */
export function canonicalInterface(name: string): string | undefined {
  for (const [pattern, kind] of KINDS) {
    const rest = name.replace(pattern, "");
    if (rest !== name) return NUMBERING.test(rest) ? kind + rest : undefined;
  }
  return undefined;
}
