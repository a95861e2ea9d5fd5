/**
 * A running configuration holds password hashes, community strings and pre-shared keys. None of them is
 * needed to understand a network, and all of them would stay in a model's context and logs.
 */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/^(\s*username \S+ .*?(?:secret|password)(?: \d+)?) \S+/, "$1 <removed>"],
  [/^(\s*enable (?:secret|password)(?: level \d+)?(?: \d+)?) \S+/, "$1 <removed>"],
  [/^(\s*(?:\S+ )*?(?:password|secret)(?: \d+)?) \S+$/, "$1 <removed>"],
  [/^(\s*snmp-server community) \S+/, "$1 <removed>"],
  [/^(\s*snmp-server host \S+(?: (?:traps|informs|version \S+|auth|priv|noauth))*) \S+$/, "$1 <removed>"],
  [/^(\s*(?:tacacs|radius)(?:-server| server)?.*? key(?: \d+)?) \S+/, "$1 <removed>"],
  [/^(\s*(?:key|key-string|pre-shared-key|authentication-key|psk|wpa-psk)\b.*?) \S+$/, "$1 <removed>"],
  [/^(\s*.*?(?:authentication-key|message-digest-key \d+ md5|md5)(?: \d+)?) \S+$/, "$1 <removed>"],
  [/^(\s*crypto isakmp key(?: \d+)?) \S+/, "$1 <removed>"],
];

export function redactConfig(text: string): string {
  return text.split("\n").map(redactLine).join("\n");
}

export function redactLine(line: string): string {
  for (const [pattern, replacement] of RULES) {
    if (pattern.test(line)) return line.replace(pattern, replacement);
  }
  return line;
}
