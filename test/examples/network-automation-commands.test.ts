import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeChange, diffConfig } from "../../examples/network-automation/src/commands/config-diff.js";
import { parseConfigLines } from "../../examples/network-automation/src/commands/config-lines.js";
import { parseConfig } from "../../examples/network-automation/src/commands/config-tree.js";
import { redactConfig } from "../../examples/network-automation/src/commands/redact-config.js";
import { parseShowCommand, SHOW_COMMANDS } from "../../examples/network-automation/src/commands/show.js";
import { NetworkError } from "../../examples/network-automation/src/errors.js";

describe("show commands", () => {
  it.each([
    ["show version", "show version"],
    ["  SHOW   IP interface BRIEF ", "show ip interface brief"],
    ["show interfaces gi1/0/5", "show interfaces GigabitEthernet1/0/5"],
    ["show interfaces GigabitEthernet 1/0/5", "show interfaces GigabitEthernet1/0/5"],
    ["show running-config interface vlan10", "show running-config interface Vlan10"],
    ["show ip route 10.20.0.1", "show ip route 10.20.0.1"],
    ["show vlan id 4094", "show vlan id 4094"],
  ])("%j is sent as %j", (raw, sent) => {
    expect(parseShowCommand(raw)).toBe(sent);
  });

  it.each([
    "show version | include x",
    "show version; reload",
    "show version\nreload",
    "show version\rreload",
    "show version > flash:x",
    "show version && reload",
    "show running-config | redirect tftp://1.2.3.4/x",
    "reload",
    "configure terminal",
    "show",
    "",
    "sh ver",
    "show tech-support",
    "show vlan id 4095",
    "show vlan id 0",
    "show ip route 10.20.0.999",
    "show interfaces Gi1/0/1 | x",
    "show interfaces flash:",
    "show version`id`",
    "show version $(id)",
    "show version\u0000",
    "show versioп",
    "do show version",
    "show ip route 1.1.1.1 reload",
    "copy running-config tftp:",
    `show interfaces Gi${"1".repeat(200)}`,
  ])("%j is refused, with the list of what is allowed", (raw) => {
    expect(() => parseShowCommand(raw)).toThrow(/Allowed: show version/);
  });

  it("whatever is accepted is a row of the table with checked arguments (property)", () => {
    const word = fc.oneof(
      fc.constantFrom(...SHOW_COMMANDS.flatMap((usage) => usage.split(" "))),
      fc.constantFrom(
        "|",
        ";",
        "\n",
        "\r",
        ">",
        "reload",
        "Gi1/0/1",
        "vlan10",
        "10.0.0.1",
        "300",
        "do",
        "\t",
        "`",
        "$(",
      ),
      fc.string({ maxLength: 6 }),
    );
    const rows = SHOW_COMMANDS.map((usage) => {
      const pattern = usage
        .replace("<interface>", "[A-Z][A-Za-z-]+\\d+(?:/\\d+){0,3}(?:\\.\\d+)?")
        .replace("<vlan>", "[1-9]\\d{0,3}")
        .replace("<ip>", "\\d{1,3}(?:\\.\\d{1,3}){3}");
      return new RegExp(`^${pattern}$`);
    });
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...SHOW_COMMANDS),
        fc.array(word, { maxLength: 4 }),
        fc.constantFrom(" ", "", "\n"),
        (row, words, glue) => {
          for (const text of [[row, ...words].join(glue), words.join(" "), row.replace(/<\w+>/, words[0] ?? "")]) {
            let sent: string;
            try {
              sent = parseShowCommand(text);
            } catch (error) {
              expect(error).toBeInstanceOf(NetworkError);
              continue;
            }
            accepted += 1;
            expect(
              rows.some((pattern) => pattern.test(sent)),
              sent,
            ).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe("configuration lines", () => {
  it.each([
    "reload",
    "RELOAD in 5",
    "relo",
    "write erase",
    "wr er",
    "erase startup-config",
    "delete flash:x",
    "del /force flash:",
    "do reload",
    "do-exec reload",
    "no do reload",
    "default do reload",
    "end",
    "en",
    "conf t",
    "format flash:",
    "copy run start",
    "tclsh",
    "event manager applet x",
    "banner motd #",
    "alias exec show reload",
    "hostname x",
    "crypto key zeroize",
    "no username lab",
    "no aaa new-model",
    "no ip ssh version 2",
    "transport input none",
    "interface range Gi1/0/1 - 5",
    "interface Gi1/0/1\nreload",
    "interface Gi1/0/1\u001areload",
    "\tdescription x",
    "description caf\u00e9",
    "ex",
    "exi",
    "ntp server ?",
    "ip route 0.0.0.0 0.0.0.0 1.1.1.1 | x",
    `description ${"x".repeat(300)}`,
    " no  no reload",
    "no no no write",
  ])("%j is refused and named", (line) => {
    expect(() => parseConfigLines(["interface Gi1/0/1", line])).toThrow(/Line 2 .*Nothing was sent/s);
  });

  it.each([
    "description uplink; see ticket | 42",
    "switchport access vlan 20",
    "no shutdown",
    "ip address 10.0.0.1 255.255.255.0",
    "exec-timeout 5 0",
    "default interface Gi1/0/1",
    "enable secret x",
    "no ip http server",
    "transport input ssh",
    "network 10.0.0.0",
    "deny ip any any",
    "remark do reload",
  ])("%j is fine", (line) => {
    expect(() => parseConfigLines([line])).not.toThrow();
  });

  it("nothing to do and too much are errors", () => {
    expect(() => parseConfigLines(["", "! only a comment"])).toThrow(/nothing to configure/);
    expect(() => parseConfigLines(Array.from({ length: 201 }, () => "ntp server 10.0.0.1"))).toThrow(/At most 200/);
  });

  it("no accepted line is an abbreviation of a denied one, whatever the case and the spaces (property)", () => {
    const denied = [
      "reload",
      "erase",
      "write erase",
      "delete flash:x",
      "do reload",
      "end",
      "configure terminal",
      "format flash:",
    ];
    const spoiled = fc.tuple(
      fc.constantFrom(...denied),
      fc.nat({ max: 12 }),
      fc.constantFrom("", " ", "  ", "no ", "default ", "NO no "),
      fc.boolean(),
    );
    fc.assert(
      fc.property(spoiled, ([command, cut, prefix, upper]) => {
        const [word = "", ...rest] = command.split(" ");
        const short = [word.slice(0, Math.max(1, word.length - cut)), ...rest].join(" ");
        expect(() => parseConfigLines([prefix + (upper ? short.toUpperCase() : short)])).toThrow(NetworkError);
      }),
    );
  });

  it("flat and indented input mean the same", () => {
    const flat = [
      "interface gi1/0/5",
      "description printer",
      "exit",
      "ntp server 10.0.0.9",
      "vlan 70",
      "name LAB",
      "interface Vlan70",
      "shutdown",
    ];
    const indented = [
      "interface GigabitEthernet1/0/5",
      "  description printer",
      "ntp server 10.0.0.9",
      "!",
      "vlan 70",
      " name LAB",
      "interface Vlan70",
      " shutdown",
    ];
    expect(parseConfigLines(flat)).toEqual(parseConfigLines(indented));
    expect(parseConfigLines(["router bgp 65000", "address-family ipv4", "network 10.0.0.0"])).toEqual(
      parseConfigLines(["router bgp 65000", " address-family ipv4", "  network 10.0.0.0"]),
    );
  });
});

describe("comparing with the running configuration", () => {
  const running = parseConfig(
    [
      "hostname x",
      "!",
      "interface GigabitEthernet1/0/5",
      " description old",
      " shutdown",
      "!",
      "ip access-list standard A",
      " permit any",
      "ntp server 10.0.0.1",
      "end",
    ],
    "shown",
  );
  const changes = (...lines: string[]): string[] => diffConfig(parseConfigLines(lines), running).map(describeChange);

  it("shows only what differs, under its section", () => {
    expect(
      changes("interface Gi1/0/5", " description new", " no shutdown", " no ip proxy-arp", "ntp server 10.0.0.1"),
    ).toEqual(["+ interface GigabitEthernet1/0/5 / description new", "- interface GigabitEthernet1/0/5 / shutdown"]);
    expect(changes("interface Loopback9", " description x")).toEqual([
      "+ interface Loopback9",
      "+ interface Loopback9 / description x",
    ]);
    expect(changes("no ntp server")).toEqual(["- ntp server 10.0.0.1"]);
  });

  it("clearing and rebuilding counts as what stands at the end", () => {
    expect(changes("no ip access-list standard A", "ip access-list standard A", " permit any")).toEqual([]);
    expect(changes("ntp server 10.0.0.7", "no ntp server 10.0.0.7")).toEqual([]);
  });
});

describe("redaction", () => {
  it.each([
    ["username bob privilege 15 secret 9 $9$abc", "username bob privilege 15 secret 9 <removed>"],
    ["enable secret 5 $1$abc", "enable secret 5 <removed>"],
    ["snmp-server community public RO", "snmp-server community <removed> RO"],
    [" neighbor 10.0.0.1 password 7 0822455D0A16", " neighbor 10.0.0.1 password 7 <removed>"],
    [" ip ospf message-digest-key 1 md5 7 0822", " ip ospf message-digest-key 1 md5 7 <removed>"],
    [" key 7 0822455D", " key 7 <removed>"],
    ["crypto isakmp key topsecret address 1.2.3.4", "crypto isakmp key <removed> address 1.2.3.4"],
    ["radius-server host 1.2.3.4 key 7 abc", "radius-server host 1.2.3.4 key 7 <removed>"],
    ["snmp-server host 1.2.3.4 version 2c public", "snmp-server host 1.2.3.4 version 2c <removed>"],
    ["interface Vlan10", "interface Vlan10"],
    [" description password reset desk", " description password reset desk"],
  ])("%j becomes %j", (line, redacted) => {
    expect(redactConfig(line)).toBe(redacted);
  });
});
