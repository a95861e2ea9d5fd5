/**
 * The lab's only source of facts: two sites with their devices, links and addresses. The NetBox API and
 * the command lines are both computed from it, so they agree.
 */
export type Role = "router" | "firewall" | "core-switch" | "access-switch" | "access-point";

export interface LabInterface {
  readonly name: string;
  /** NetBox interface type slug. */
  readonly type: string;
  readonly address?: string;
  readonly accessVlan?: number;
  readonly trunk?: boolean;
  readonly mgmtOnly?: boolean;
  description: string;
  enabled: boolean;
  peer?: { readonly device: string; readonly interface: string };
}

export interface LabDevice {
  readonly name: string;
  readonly role: Role;
  readonly model: string;
  readonly site: string;
  readonly rack: string | undefined;
  readonly position: number | undefined;
  readonly serial: string;
  readonly status: "active" | "planned";
  readonly gateway: string | undefined;
  readonly interfaces: readonly LabInterface[];
}

export interface LabModel {
  readonly devices: readonly LabDevice[];
}

export const VLANS: readonly { readonly vid: number; readonly name: string }[] = [
  { vid: 10, name: "MGMT" },
  { vid: 20, name: "USERS" },
  { vid: 30, name: "VOICE" },
  { vid: 40, name: "WIFI" },
  { vid: 50, name: "SERVERS" },
];

export const SITES = [
  { slug: "ams1", name: "Amsterdam HQ", facility: "AMS1", address: "Stationsplein 1, Amsterdam", net: "10.20" },
  { slug: "rtm1", name: "Rotterdam Branch", facility: "RTM1", address: "Coolsingel 40, Rotterdam", net: "10.30" },
] as const;

export const RACKS = [
  { name: "AMS1-R01", site: "ams1" },
  { name: "AMS1-R02", site: "ams1" },
  { name: "RTM1-R01", site: "rtm1" },
] as const;

export const MODELS: Readonly<
  Record<Role, { model: string; slug: string; platform: string; version: string; uHeight: number }>
> = {
  router: { model: "ISR4331", slug: "isr4331", platform: "ios-xe", version: "17.09.04a", uHeight: 1 },
  firewall: { model: "C8200L-1N-4T", slug: "c8200l-1n-4t", platform: "ios-xe", version: "17.12.03", uHeight: 1 },
  "core-switch": { model: "C9500-24Y4C", slug: "c9500-24y4c", platform: "ios-xe", version: "17.09.05", uHeight: 1 },
  "access-switch": {
    model: "C9200L-24P-4X",
    slug: "c9200l-24p-4x",
    platform: "ios-xe",
    version: "17.09.05",
    uHeight: 1,
  },
  "access-point": { model: "C9120AXI-E", slug: "c9120axi-e", platform: "ap-cos", version: "17.9.5.47", uHeight: 0 },
};

export function primaryAddress(device: LabDevice): string | undefined {
  return device.interfaces.find(({ mgmtOnly }) => mgmtOnly === true)?.address;
}
