import { canonicalInterface } from "../commands/interface-names.js";
import { INVALID_INPUT, type RunningConfig } from "./running-config.js";

/** One interface as the show commands need it: configuration and link together. */
export interface PortState {
  readonly name: string;
  readonly description: string;
  readonly address: string;
  readonly mask: string;
  readonly vlan: string;
  readonly shutdown: boolean;
  readonly up: boolean;
}

/** Whether there is a signal on a port, apart from its own `shutdown`. */
export type LinkCheck = (interfaceName: string) => boolean;

export function portStates(config: RunningConfig, linked: LinkCheck): PortState[] {
  return config.nodes
    .filter(({ line }) => line.startsWith("interface "))
    .map(({ line: section }) => {
      const name = section.slice("interface ".length);
      const [address = "", mask = ""] = (config.value("ip address", section) ?? "").split(" ");
      const shutdown = config.value("shutdown", section) !== undefined;
      const trunk = config.value("switchport mode", section) === "trunk";
      const vlan = trunk
        ? "trunk"
        : address === ""
          ? (config.value("switchport access vlan", section) ?? "1")
          : "routed";
      const description = config.value("description", section) ?? "";
      return { name, description, address, mask, vlan, shutdown, up: !shutdown && linked(name) };
    });
}

export function isVirtual(name: string): boolean {
  return /^(?:Vlan|Loopback|Tunnel|Port-channel)/.test(name);
}

/** "GigabitEthernet1/0/1" -> "Gi1/0/1". */
export function shortName(name: string): string {
  const digits = name.search(/\d/);
  return name.slice(0, name.startsWith("TwentyFive") ? 3 : 2) + name.slice(digits);
}

export function ipInterfaceBrief(ports: readonly PortState[]): string {
  const rows = ports.map(({ name, address, shutdown, up }) => {
    const status = shutdown ? "administratively down" : up ? "up" : "down";
    const method = address === "" ? "unset " : "manual";
    return `${name.padEnd(22)} ${(address || "unassigned").padEnd(15)} YES ${method} ${status.padEnd(21)} ${up ? "up" : "down"}`;
  });
  return ["Interface              IP-Address      OK? Method Status                Protocol", ...rows].join("\n");
}

export function interfacesStatus(ports: readonly PortState[]): string {
  const rows = ports
    .filter(({ name }) => !isVirtual(name))
    .map(({ name, description, vlan, shutdown, up }) => {
      const status = shutdown ? "disabled" : up ? "connected" : "notconnect";
      return `${shortName(name).padEnd(10)}${description.slice(0, 18).padEnd(19)}${status.padEnd(13)}${vlan.padEnd(11)}${up ? "a-full a-1000" : "  auto   auto"} 10/100/1000BaseTX`;
    });
  return ["Port      Name               Status       Vlan       Duplex  Speed Type", ...rows].join("\n");
}

export function interfacesDescription(ports: readonly PortState[]): string {
  const rows = ports.map(({ name, description, shutdown, up }) => {
    return `${shortName(name).padEnd(31)}${(shutdown ? "admin down" : up ? "up" : "down").padEnd(15)}${(up ? "up" : "down").padEnd(9)}${description}`;
  });
  return ["Interface                      Status         Protocol Description", ...rows].join("\n");
}

export function interfaceDetail(ports: readonly PortState[], wanted: string | undefined): string {
  const name = wanted === undefined ? undefined : canonicalInterface(wanted);
  const chosen = wanted === undefined ? ports : ports.filter((port) => port.name === name);
  if (chosen.length === 0) return INVALID_INPUT;
  return chosen.map(detail).join("\n");
}

function detail({ name, description, address, mask, shutdown, up }: PortState): string {
  const line = up ? "up" : "down";
  return [
    `${name} is ${shutdown ? "administratively down" : line}, line protocol is ${line}`,
    ...(description === "" ? [] : [`  Description: ${description}`]),
    ...(address === "" ? [] : [`  Internet address is ${address}/${prefixLength(mask)}`]),
    "  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,",
    "     reliability 255/255, txload 1/255, rxload 1/255",
    "     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored",
  ].join("\n");
}

export function prefixLength(mask: string): number {
  return mask.split(".").reduce((sum, part) => sum + Number(part).toString(2).replaceAll("0", "").length, 0);
}

export function vlanBrief(config: RunningConfig, ports: readonly PortState[]): string {
  const vlans = config.nodes.filter(({ line }) => /^vlan \d+$/.test(line)).map(({ line }) => line.slice(5));
  const rows = ["1", ...vlans].map((vid) => {
    const name = vid === "1" ? "default" : (config.value("name", `vlan ${vid}`) ?? `VLAN${vid.padStart(4, "0")}`);
    const members = ports
      .filter((port) => port.vlan === vid && !isVirtual(port.name))
      .map((port) => shortName(port.name));
    return `${vid.padEnd(5)}${name.padEnd(33)}active    ${members.join(", ")}`.trimEnd();
  });
  const rule = "---- -------------------------------- --------- -------------------------------";
  return ["VLAN Name                             Status    Ports", rule, ...rows].join("\n");
}

export function ipRoute(config: RunningConfig, ports: readonly PortState[]): string {
  const gateway = config.value("ip default-gateway") ?? config.value("ip route 0.0.0.0 0.0.0.0");
  const statics = config.nodes.flatMap(({ line }) => {
    const [, net, mask = "", via] = /^ip route (\S+) (\S+) (\S+)$/.exec(line) ?? [];
    return net === undefined
      ? []
      : [`S${net === "0.0.0.0" ? "*" : " "}    ${net}/${prefixLength(mask)} [1/0] via ${via}`];
  });
  const connected = ports
    .filter(({ address, up }) => address !== "" && up)
    .map(
      ({ name, address, mask }) =>
        `C     ${network(address, mask)}/${prefixLength(mask)} is directly connected, ${name}`,
    );
  const legend = "Codes: L - local, C - connected, S - static, R - RIP, B - BGP, O - OSPF, * - candidate default";
  return [legend, "", `Gateway of last resort is ${gateway ?? "not set"}`, "", ...statics, ...connected].join("\n");
}

function network(address: string, mask: string): string {
  const masks = mask.split(".").map(Number);
  return address
    .split(".")
    .map((part, index) => Number(part) & (masks[index] ?? 255))
    .join(".");
}
