import { addCables, INTERFACE_BRIEF } from "./netbox-cables.js";
import { type Collections, choice, Tables } from "./netbox-records.js";
import {
  type LabDevice,
  type LabInterface,
  type LabModel,
  MODELS,
  primaryAddress,
  RACKS,
  type Role,
  SITES,
  VLANS,
} from "./site.js";

export interface SshAddress {
  readonly host: string;
  readonly port: number;
}

const ROLES: Readonly<Record<Role, string>> = {
  router: "Router",
  firewall: "Firewall",
  "core-switch": "Core Switch",
  "access-switch": "Access Switch",
  "access-point": "Access Point",
};

const IP_BRIEF = ["id", "url", "display", "family", "address", "description"];

/** Everything the lab's NetBox knows, in the shape of NetBox 4. Changes on the devices do not come back here. */
export function netboxObjects(model: LabModel, origin: string, ssh: ReadonlyMap<string, SshAddress>): Collections {
  const tables = new Tables(origin);
  organization(tables);
  catalogue(tables);
  for (const device of model.devices) addDevice(tables, device, ssh.get(device.name));
  addressing(tables, model);
  addCables(tables, model);
  return tables.all;
}

function organization(tables: Tables): void {
  tables.table("tenancy/tenants", "Tenant");
  tables.table("dcim/sites", "Site");
  tables.table("dcim/racks", "Rack", ["id", "url", "display", "name", "description"]);
  tables.table("circuits/providers", "Provider");
  tables.table("extras/tags", "Tag");
  tables.add("tenancy/tenants", "Holdfast Lab", { name: "Holdfast Lab", slug: "holdfast-lab" });
  tables.add("circuits/providers", "Example Transit", { name: "Example Transit", slug: "example-transit" });
  tables.add("extras/tags", "managed", { name: "managed", slug: "managed", color: "4caf50" });
  const tenant = tables.ref("tenancy/tenants", "Holdfast Lab");
  for (const { slug, name, facility, address } of SITES) {
    const fields = { name, slug, facility, physical_address: address, time_zone: "Europe/Amsterdam", tenant };
    tables.add("dcim/sites", name, { ...fields, status: choice("active") });
  }
  for (const { name, site } of RACKS) {
    const fields = { name, u_height: 42, status: choice("active"), width: { value: 19, label: "19 inches" } };
    tables.add("dcim/racks", name, { ...fields, site: tables.ref("dcim/sites", site, "slug") });
  }
}

function catalogue(tables: Tables): void {
  tables.table("dcim/manufacturers", "Manufacturer");
  tables.table("dcim/device-types", "DeviceType", [
    "id",
    "url",
    "display",
    "manufacturer",
    "model",
    "slug",
    "description",
  ]);
  tables.table("dcim/device-roles", "DeviceRole");
  tables.table("dcim/platforms", "Platform");
  tables.add("dcim/manufacturers", "Cisco", { name: "Cisco", slug: "cisco" });
  const manufacturer = tables.ref("dcim/manufacturers", "Cisco");
  tables.add("dcim/platforms", "Cisco IOS XE", { name: "Cisco IOS XE", slug: "ios-xe", manufacturer });
  tables.add("dcim/platforms", "Cisco AP-COS", { name: "Cisco AP-COS", slug: "ap-cos", manufacturer });
  for (const { model, slug, uHeight } of Object.values(MODELS)) {
    tables.add("dcim/device-types", model, {
      manufacturer,
      model,
      slug,
      u_height: uHeight,
      is_full_depth: uHeight > 0,
    });
  }
  for (const [slug, name] of Object.entries(ROLES))
    tables.add("dcim/device-roles", name, { name, slug, vm_role: false });
}

function addDevice(tables: Tables, device: LabDevice, ssh: SshAddress | undefined): void {
  if (!tables.all.has("dcim/devices")) deviceTables(tables);
  const { name, serial, rack, position } = device;
  const record = tables.add("dcim/devices", name, {
    name,
    serial,
    device_type: tables.ref("dcim/device-types", device.model, "model"),
    role: tables.ref("dcim/device-roles", device.role, "slug"),
    platform: tables.ref("dcim/platforms", MODELS[device.role].platform, "slug"),
    tenant: tables.ref("tenancy/tenants", "Holdfast Lab"),
    site: tables.ref("dcim/sites", device.site, "slug"),
    rack: rack === undefined ? null : tables.ref("dcim/racks", rack),
    position: position ?? null,
    face: position === undefined ? null : choice("front"),
    status: choice(device.status),
    tags: [tables.ref("extras/tags", "managed")],
    // The lab's devices answer on loopback ports: the override a NATed device would have.
    custom_fields: { ssh_host: ssh?.host ?? null, ssh_port: ssh?.port ?? null },
    interface_count: device.interfaces.length,
  });
  const nested = tables.ref("dcim/devices", name);
  for (const one of device.interfaces) addInterface(tables, nested, one);
  const primary = primaryAddress(device);
  const address = primary === undefined ? null : tables.ref("ipam/ip-addresses", primary, "address");
  Object.assign(record, { primary_ip: address, primary_ip4: address, primary_ip6: null });
}

function deviceTables(tables: Tables): void {
  tables.table("ipam/vlans", "VLAN", ["id", "url", "display", "vid", "name", "description"]);
  for (const { vid, name } of VLANS) {
    tables.add("ipam/vlans", `${name} (${vid})`, {
      vid,
      name,
      status: choice("active"),
      tenant: tables.ref("tenancy/tenants", "Holdfast Lab"),
    });
  }
  tables.table("dcim/devices", "Device", ["id", "url", "display", "name", "description"]);
  tables.table("dcim/interfaces", "Interface", INTERFACE_BRIEF);
  tables.table("ipam/ip-addresses", "IPAddress", IP_BRIEF);
}

function addInterface(tables: Tables, device: Record<string, unknown>, one: LabInterface): void {
  const mode =
    one.trunk === true ? choice("tagged", "Tagged") : one.accessVlan === undefined ? null : choice("access", "Access");
  const record = tables.add("dcim/interfaces", one.name, {
    device,
    name: one.name,
    type: choice(one.type, one.type),
    enabled: one.enabled,
    description: one.description,
    mgmt_only: one.mgmtOnly ?? false,
    mode,
    untagged_vlan: one.accessVlan === undefined ? null : tables.ref("ipam/vlans", one.accessVlan, "vid"),
    cable: null,
    connected_endpoints: null,
  });
  if (one.address === undefined) return;
  const assigned = { id: record.id, url: record.url, display: record.display, device, name: one.name };
  tables.add("ipam/ip-addresses", one.address, {
    address: one.address,
    family: { value: 4, label: "IPv4" },
    status: choice("active"),
    dns_name: one.mgmtOnly === true ? `${String(device.name)}.lab.example` : "",
    assigned_object_type: "dcim.interface",
    assigned_object_id: record.id,
    assigned_object: assigned,
  });
}

function addressing(tables: Tables, model: LabModel): void {
  tables.table("ipam/prefixes", "Prefix", ["id", "url", "display", "family", "prefix", "description"]);
  for (const { slug, name, net } of SITES) {
    const scope = { scope_type: "dcim.site", scope: tables.ref("dcim/sites", slug, "slug") };
    for (const vlan of VLANS.filter(({ vid }) => slug === "ams1" || vid <= 20)) {
      const prefix = `${net}.${vlan.vid === 10 ? 0 : vlan.vid}.0/24`;
      const fields = { prefix, family: { value: 4, label: "IPv4" }, status: choice("active"), ...scope };
      tables.add("ipam/prefixes", prefix, {
        ...fields,
        vlan: tables.ref("ipam/vlans", vlan.vid, "vid"),
        description: `${name} ${vlan.name}`,
      });
    }
  }
  if (model.devices.length === 0) throw new TypeError("the lab has no devices");
}
