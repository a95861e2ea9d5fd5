import { type ConfigNode, parseConfig } from "../commands/config-tree.js";
import { canonicalInterface } from "../commands/interface-names.js";
import { type LabDevice, type LabInterface, VLANS } from "./site.js";

export const INVALID_INPUT = "                 ^\n% Invalid input detected at '^' marker.\n";

/** A configuration section of the lab's command line: how it is opened and what it takes. */
interface SectionKind {
  readonly opener: RegExp;
  readonly mode: string;
  readonly commands: RegExp;
  /** Commands of which a section has one: a new value replaces the old. */
  readonly single: readonly string[];
}

const SECTIONS: readonly SectionKind[] = [
  {
    opener: /^interface \S+$/,
    mode: "(config-if)",
    commands:
      /^(?:description|ip|ipv6|switchport|shutdown|spanning-tree|speed|duplex|mtu|negotiation|channel-group|power|cdp|lldp|storm-control|service-policy|load-interval|bandwidth)\b/,
    single: [
      "description",
      "ip address",
      "switchport access vlan",
      "switchport voice vlan",
      "switchport mode",
      "switchport trunk allowed vlan",
      "speed",
      "duplex",
      "mtu",
      "bandwidth",
    ],
  },
  { opener: /^vlan \d+$/, mode: "(config-vlan)", commands: /^(?:name|state)\b/, single: ["name", "state"] },
  {
    opener: /^router \S+( \d+)?$/,
    mode: "(config-router)",
    commands: /^(?:network|neighbor|router-id|passive-interface|redistribute|default-information)\b/,
    single: ["router-id"],
  },
  {
    opener: /^line (?:con|vty) [\d ]+$/,
    mode: "(config-line)",
    commands: /^(?:transport|login|exec-timeout|logging|access-class)\b/,
    single: ["exec-timeout", "login"],
  },
  {
    opener: /^ip access-list (?:standard|extended) \S+$/,
    mode: "(config-ext-nacl)",
    commands: /^(?:\d+ )?(?:permit|deny|remark)\b/,
    single: [],
  },
];

const GLOBAL =
  /^(?:ip|ipv6|ntp|logging|snmp-server|spanning-tree|service|clock|cdp|lldp|errdisable|vtp|aaa|username|hostname|archive|access-list)\b/;
const GLOBAL_SINGLE = ["hostname", "ip default-gateway", "clock timezone", "ip domain name", "logging buffered"];

export interface Configured {
  readonly error?: string;
  /** The section the next line is typed in; undefined is plain configuration mode. */
  readonly section: ConfigNode | undefined;
}

/** What one lab device runs. Configuration mode changes it, show commands are computed from it. */
export class RunningConfig {
  readonly nodes: ConfigNode[];

  constructor(text: string) {
    this.nodes = parseConfig(text.split("\n"), "shown");
  }

  render(): string {
    return this.nodes
      .map((node) => [node.line, ...node.children.map(({ line }) => ` ${line}`)].join("\n"))
      .join("\n!\n");
  }

  section(line: string): ConfigNode | undefined {
    return this.nodes.find((node) => node.line === line);
  }

  /** The rest of the first line in a section (or at the top) that starts with `prefix`. */
  value(prefix: string, section?: string): string | undefined {
    const lines = section === undefined ? this.nodes : (this.section(section)?.children ?? []);
    return lines.find(({ line }) => line === prefix || line.startsWith(`${prefix} `))?.line.slice(prefix.length + 1);
  }

  /** One typed line. As on IOS, a line that is no command of the section is tried at the top. */
  configure(line: string, section: ConfigNode | undefined): Configured {
    const kind = section === undefined ? undefined : SECTIONS.find(({ opener }) => opener.test(section.line));
    const bare = line.replace(/^no /, "");
    if (section !== undefined && kind?.commands.test(bare) === true) {
      edit(section.children, line, kind.single);
      return { section };
    }
    const opened = SECTIONS.find(({ opener }) => opener.test(bare));
    if (opened !== undefined) return this.#open(line, bare, section);
    if (!GLOBAL.test(bare)) return { error: INVALID_INPUT, section };
    edit(this.nodes, line, GLOBAL_SINGLE);
    return { section: undefined };
  }

  static modeOf(section: ConfigNode | undefined): string {
    const kind = section === undefined ? undefined : SECTIONS.find(({ opener }) => opener.test(section.line));
    return kind?.mode ?? "(config)";
  }

  #open(line: string, opener: string, current: ConfigNode | undefined): Configured {
    const existing = this.section(opener);
    const virtual =
      /^interface (?:Vlan|Loopback|Port-channel|Tunnel)\d/.test(opener) || !opener.startsWith("interface ");
    if (line !== opener) {
      if (!virtual) return { error: INVALID_INPUT, section: current };
      if (existing !== undefined) this.nodes.splice(this.nodes.indexOf(existing), 1);
      return { section: undefined };
    }
    if (existing !== undefined) return { section: existing };
    // A physical port that is not in the chassis cannot be configured.
    if (!virtual || (opener.startsWith("interface ") && canonicalInterface(opener.slice(10)) === undefined)) {
      return { error: INVALID_INPUT, section: current };
    }
    const node: ConfigNode = { line: opener, children: [] };
    insert(this.nodes, node);
    return { section: node };
  }
}

function edit(nodes: ConfigNode[], line: string, single: readonly string[]): void {
  const removal = line.startsWith("no ") ? line.slice(3) : undefined;
  const replaced = single.find((prefix) => line === prefix || line.startsWith(`${prefix} `));
  const gone = removal ?? replaced ?? line;
  const isGone = (one: string): boolean => one === gone || (gone !== line && one.startsWith(`${gone} `));
  const at = nodes.findIndex(({ line: one }) => isGone(one));
  for (let index = nodes.length - 1; index >= 0; index--) {
    if (isGone(nodes[index]?.line ?? "")) nodes.splice(index, 1);
  }
  if (removal !== undefined) return;
  const node: ConfigNode = { line, children: [] };
  if (at >= 0) nodes.splice(at, 0, node);
  else insert(nodes, node);
}

/** Beside its kind, as IOS sorts; otherwise last. */
function insert(nodes: ConfigNode[], node: ConfigNode): void {
  const word = node.line.split(" ", 1)[0] ?? "";
  const last = nodes.findLastIndex(({ line }) => line.startsWith(`${word} `));
  nodes.splice(last < 0 ? nodes.length : last + 1, 0, node);
}

export function initialConfig(device: LabDevice): string {
  const switching = device.role.endsWith("switch");
  const vlans = switching ? VLANS.map(({ vid, name }) => `vlan ${vid}\n name ${name}`) : [];
  const gateway =
    device.gateway === undefined
      ? []
      : [switching ? `ip default-gateway ${device.gateway}` : `ip route 0.0.0.0 0.0.0.0 ${device.gateway}`];
  return [
    "service timestamps log datetime msec",
    `hostname ${device.name}`,
    "enable secret 9 $9$labonlylabonly$notarealhash",
    "username lab privilege 15 secret 9 $9$labonlylabonly$notarealhash",
    "ip domain name lab.example",
    ...vlans,
    ...device.interfaces.map(interfaceConfig),
    ...gateway,
    "logging host 10.20.50.5",
    "snmp-server community holdfast-lab RO",
    "ntp server 10.20.50.4",
    "line con 0\n logging synchronous",
    "line vty 0 4\n login local\n transport input ssh",
  ].join("\n");
}

function interfaceConfig(port: LabInterface): string {
  const [address, length] = (port.address ?? "").split("/");
  return [
    `interface ${port.name}`,
    ...(port.description === "" ? [] : [` description ${port.description}`]),
    ...(port.accessVlan === undefined ? [] : [` switchport access vlan ${port.accessVlan}`, " switchport mode access"]),
    ...(port.trunk === true ? [" switchport mode trunk"] : []),
    ...(length === undefined ? [] : [` ip address ${address} ${maskOf(Number(length))}`]),
    ...(port.enabled ? [] : [" shutdown"]),
  ].join("\n");
}

export function maskOf(length: number): string {
  return [0, 8, 16, 24].map((shift) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - shift)))).join(".");
}
