import { type ConfigNode, canonicalLine } from "../commands/config-tree.js";
import { canonicalInterface } from "../commands/interface-names.js";
import {
  interfaceDetail,
  interfacesDescription,
  interfacesStatus,
  ipInterfaceBrief,
  ipRoute,
  isVirtual,
  type PortState,
  portStates,
  shortName,
  vlanBrief,
} from "./ios-ports.js";
import { INVALID_INPUT, initialConfig, RunningConfig } from "./running-config.js";
import { type LabDevice, MODELS } from "./site.js";

/** Ports of an access switch with a workstation on them, so that some are up and some are not. */
const BUSY_PORTS = 6;

/** What people type when they log in to look around; tools write words in full. */
const SHORT: Readonly<Partial<Record<string, string>>> = {
  sh: "show",
  ver: "version",
  run: "running-config",
  int: "interface",
  br: "brief",
};

/** One lab device: its running configuration and what its command line answers. */
export class IosDevice {
  readonly facts: LabDevice;
  readonly config: RunningConfig;
  readonly #startedAt = Date.now();
  readonly #log: string[] = [];
  readonly #neighbour: (name: string) => IosDevice | undefined;

  constructor(facts: LabDevice, neighbour: (name: string) => IosDevice | undefined) {
    this.facts = facts;
    this.config = new RunningConfig(initialConfig(facts));
    this.#neighbour = neighbour;
  }

  get hostname(): string {
    return this.config.value("hostname") ?? this.facts.name;
  }

  /** A command in exec mode. */
  exec(command: string): string {
    const words = command
      .trim()
      .toLowerCase()
      .split(/\s+/)
      .map((word) => SHORT[word] ?? word)
      .join(" ");
    if (words === "" || /^terminal (?:length|width) \d+$/.test(words)) return "";
    const shown = words.startsWith("show ") ? this.#show(words.slice("show ".length)) : undefined;
    return shown ?? INVALID_INPUT;
  }

  /** A line in configuration mode. */
  configure(
    line: string,
    section: ConfigNode | undefined,
    user: string,
  ): { error?: string; section: ConfigNode | undefined } {
    const result = this.config.configure(canonicalLine(line.replace(/^int /, "interface ")), section);
    if (result.error === undefined)
      this.#log.push(`${new Date().toISOString()}: %SYS-5-CONFIG_I: Configured from console by ${user} on vty0`);
    return result;
  }

  #show(what: string): string | undefined {
    const detail = /^interfaces (\S+\d\S*)$/.exec(what)?.[1];
    if (detail !== undefined) return interfaceDetail(this.#ports(), detail);
    const section = /^running-config interface (\S+)$/.exec(what)?.[1];
    if (section !== undefined) return this.#showInterface(section);
    const switching = this.facts.role.endsWith("switch");
    const commands: Record<string, () => string> = {
      version: () => this.#version(),
      inventory: () =>
        `NAME: "Chassis", DESCR: "Cisco ${this.facts.model} Chassis"\nPID: ${this.facts.model} , VID: V02 , SN: ${this.facts.serial}`,
      clock: () => new Date().toUTCString(),
      "running-config": () => this.#runningConfig(),
      interfaces: () => interfaceDetail(this.#ports(), undefined),
      "interfaces description": () => interfacesDescription(this.#ports()),
      "ip interface brief": () => ipInterfaceBrief(this.#ports()),
      "ip route": () => ipRoute(this.config, this.#ports()),
      "cdp neighbors": () => this.#neighbours(),
      logging: () => ["Log Buffer (4096 bytes):", "", ...this.#log].join("\n"),
      ...(switching
        ? {
            "interfaces status": () => interfacesStatus(this.#ports()),
            "vlan brief": () => vlanBrief(this.config, this.#ports()),
          }
        : {}),
    };
    return Object.hasOwn(commands, what) ? commands[what]?.() : undefined;
  }

  #ports(): PortState[] {
    return portStates(this.config, (name) => this.#linked(name));
  }

  isShutdown(interfaceName: string): boolean {
    return this.config.value("shutdown", `interface ${interfaceName}`) !== undefined;
  }

  #linked(name: string): boolean {
    if (isVirtual(name)) return true;
    const port = this.facts.interfaces.find((one) => one.name === name);
    if (port?.peer !== undefined) return this.#neighbour(port.peer.device)?.isShutdown(port.peer.interface) !== true;
    return (
      port?.description === "WAN" || (port?.accessVlan !== undefined && Number(name.split("/").at(-1)) <= BUSY_PORTS)
    );
  }

  #showInterface(text: string): string {
    const section = this.config.section(`interface ${canonicalInterface(text) ?? ""}`);
    if (section === undefined) return INVALID_INPUT;
    const lines = [section.line, ...section.children.map(({ line }) => ` ${line}`), "end"];
    return ["Building configuration...", "", "Current configuration : 120 bytes", "!", ...lines].join("\n");
  }

  #runningConfig(): string {
    const body = this.config.render();
    const { version } = MODELS[this.facts.role];
    return `Building configuration...\n\nCurrent configuration : ${body.length} bytes\n!\nversion ${version.split(".").slice(0, 2).join(".")}\n!\n${body}\n!\nend`;
  }

  #version(): string {
    const { model, version } = MODELS[this.facts.role];
    const minutes = Math.floor((Date.now() - this.#startedAt) / 60_000);
    return [
      `Cisco IOS XE Software, Version ${version} (Holdfast lab simulation)`,
      `${this.hostname} uptime is ${Math.floor(minutes / 60)} hours, ${minutes % 60} minutes`,
      `cisco ${model} processor with 4010559K/6147K bytes of memory.`,
      `Processor board ID ${this.facts.serial}`,
      `${this.facts.interfaces.filter(({ name }) => !isVirtual(name)).length} Ethernet interfaces`,
      "Configuration register is 0x102",
    ].join("\n");
  }

  #neighbours(): string {
    const rows = this.facts.interfaces.flatMap(({ name, peer }) => {
      if (peer === undefined || this.isShutdown(name) || !this.#linked(name)) return [];
      const model = this.#neighbour(peer.device)?.facts.model ?? "";
      return [
        `${peer.device.padEnd(17)}${shortName(name).padEnd(18)}150          R S I  ${model.padEnd(14)} ${shortName(peer.interface)}`,
      ];
    });
    return ["Device ID        Local Intrfce     Holdtme    Capability  Platform      Port ID", ...rows].join("\n");
  }
}
