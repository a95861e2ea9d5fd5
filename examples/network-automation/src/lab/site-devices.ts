import { type LabDevice, type LabInterface, type LabModel, MODELS, type Role } from "./site.js";

const GIGABIT = "1000base-t";
const TEN = "10gbase-x-sfpp";
const TWENTY_FIVE = "25gbase-x-sfp28";

function port(name: string, type: string, more: Partial<LabInterface> = {}): LabInterface {
  return { name, type, description: "", enabled: true, ...more };
}

function range(count: number, make: (index: number) => LabInterface): LabInterface[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

/** WAN on 0/0/0, the link to the core on 0/0/1, a loopback to be managed by. */
function routerPorts(loopback: string, wan: string, lan: string): LabInterface[] {
  return [
    port("GigabitEthernet0/0/0", GIGABIT, { address: wan, description: "WAN" }),
    port("GigabitEthernet0/0/1", GIGABIT, { address: lan }),
    port("GigabitEthernet0/0/2", GIGABIT, { enabled: false }),
    port("Loopback0", "virtual", { address: loopback, description: "Management", mgmtOnly: true }),
  ];
}

function corePorts(management: string, users: string): LabInterface[] {
  return [
    ...range(8, (n) => port(`TwentyFiveGigE1/0/${n}`, TWENTY_FIVE, { trunk: true, enabled: n <= 6 })),
    port("Vlan10", "virtual", { address: management, description: "Management", mgmtOnly: true }),
    port("Vlan20", "virtual", { address: users, description: "Users gateway" }),
  ];
}

function accessPorts(management: string): LabInterface[] {
  return [
    ...range(12, (n) => port(`GigabitEthernet1/0/${n}`, GIGABIT, { accessVlan: n <= 8 ? 20 : 40, enabled: n <= 11 })),
    port("TenGigabitEthernet1/1/1", TEN, { trunk: true }),
    port("TenGigabitEthernet1/1/2", TEN, { trunk: true }),
    port("Vlan10", "virtual", { address: management, description: "Management", mgmtOnly: true }),
  ];
}

function apPorts(management: string): LabInterface[] {
  return [port("GigabitEthernet0", GIGABIT, { address: management, description: "Uplink", mgmtOnly: true })];
}

interface Placement {
  readonly rack?: string;
  readonly position?: number;
  readonly gateway?: string;
  readonly status?: "planned";
}

function device(name: string, role: Role, interfaces: LabInterface[], place: Placement = {}): LabDevice {
  const serial = `FDO${[...name]
    .reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 46_656, 7)
    .toString(36)
    .toUpperCase()
    .padStart(3, "0")}2417${interfaces.length}`;
  return {
    name,
    role,
    model: MODELS[role].model,
    site: name.slice(0, 4),
    rack: place.rack,
    position: place.position,
    serial,
    status: place.status ?? "active",
    gateway: place.gateway,
    interfaces,
  };
}

const R1 = "AMS1-R01";
const R2 = "AMS1-R02";

function devices(): LabDevice[] {
  const ams = "10.20.0.254";
  const rtm = "10.30.0.254";
  return [
    device("ams1-rtr1", "router", routerPorts("10.20.0.1/32", "203.0.113.2/30", "10.20.255.1/31"), {
      rack: R1,
      position: 40,
      gateway: "203.0.113.1",
    }),
    device("ams1-rtr2", "router", routerPorts("10.20.0.2/32", "198.51.100.2/30", "10.20.255.3/31"), {
      rack: R2,
      position: 40,
      gateway: "198.51.100.1",
    }),
    device("ams1-fw1", "firewall", routerPorts("10.20.0.5/32", "203.0.113.6/30", "10.20.255.5/31"), {
      rack: R1,
      position: 38,
      gateway: "203.0.113.5",
    }),
    device("ams1-core1", "core-switch", corePorts("10.20.0.11/24", "10.20.20.2/24"), {
      rack: R1,
      position: 30,
      gateway: ams,
    }),
    device("ams1-core2", "core-switch", corePorts("10.20.0.12/24", "10.20.20.3/24"), {
      rack: R2,
      position: 30,
      gateway: ams,
    }),
    device("ams1-acc1", "access-switch", accessPorts("10.20.0.21/24"), { rack: R1, position: 20, gateway: ams }),
    device("ams1-acc2", "access-switch", accessPorts("10.20.0.22/24"), { rack: R1, position: 19, gateway: ams }),
    device("ams1-acc3", "access-switch", accessPorts("10.20.0.23/24"), { rack: R2, position: 20, gateway: ams }),
    device("ams1-ap1", "access-point", apPorts("10.20.0.41/24"), { gateway: ams }),
    device("rtm1-rtr1", "router", routerPorts("10.30.0.1/32", "203.0.113.10/30", "10.30.0.254/24"), {
      rack: "RTM1-R01",
      position: 40,
      gateway: "203.0.113.9",
    }),
    device("rtm1-acc1", "access-switch", accessPorts("10.30.0.21/24"), {
      rack: "RTM1-R01",
      position: 20,
      gateway: rtm,
    }),
    device("rtm1-ap1", "access-point", apPorts("10.30.0.41/24"), { gateway: rtm }),
    // Ordered, not installed: no address yet, which is what a tool must cope with.
    device(
      "rtm1-acc2",
      "access-switch",
      range(12, (n) => port(`GigabitEthernet1/0/${n}`, GIGABIT)),
      { status: "planned" },
    ),
  ];
}

const ACCESS_UPLINK = "TenGigabitEthernet1/1/1";
const CABLES: readonly (readonly [string, string, string, string])[] = [
  ["ams1-rtr1", "GigabitEthernet0/0/1", "ams1-core1", "TwentyFiveGigE1/0/1"],
  ["ams1-rtr2", "GigabitEthernet0/0/1", "ams1-core2", "TwentyFiveGigE1/0/1"],
  ["ams1-core1", "TwentyFiveGigE1/0/2", "ams1-core2", "TwentyFiveGigE1/0/2"],
  ["ams1-fw1", "GigabitEthernet0/0/1", "ams1-core1", "TwentyFiveGigE1/0/3"],
  ["ams1-acc1", ACCESS_UPLINK, "ams1-core1", "TwentyFiveGigE1/0/4"],
  ["ams1-acc1", "TenGigabitEthernet1/1/2", "ams1-core2", "TwentyFiveGigE1/0/4"],
  ["ams1-acc2", ACCESS_UPLINK, "ams1-core1", "TwentyFiveGigE1/0/5"],
  ["ams1-acc3", ACCESS_UPLINK, "ams1-core2", "TwentyFiveGigE1/0/5"],
  ["ams1-ap1", "GigabitEthernet0", "ams1-acc1", "GigabitEthernet1/0/9"],
  ["rtm1-rtr1", "GigabitEthernet0/0/1", "rtm1-acc1", ACCESS_UPLINK],
  ["rtm1-ap1", "GigabitEthernet0", "rtm1-acc1", "GigabitEthernet1/0/9"],
];

/** A fresh copy each time: command lines change it. */
export function buildLab(): LabModel {
  const all = devices();
  const find = (name: string, on: string): LabInterface | undefined =>
    all.find((one) => one.name === name)?.interfaces.find((one) => one.name === on);
  for (const [left, leftPort, right, rightPort] of CABLES) {
    join(find(left, leftPort), { device: right, interface: rightPort });
    join(find(right, rightPort), { device: left, interface: leftPort });
  }
  return { devices: all };
}

function join(end: LabInterface | undefined, peer: { device: string; interface: string }): void {
  if (end === undefined) throw new TypeError(`the lab has a cable to ${peer.device} that ends nowhere`);
  end.peer = peer;
  end.description ||= `to ${peer.device} ${peer.interface}`;
}
