import { choice, type Tables } from "./netbox-records.js";
import type { LabModel } from "./site.js";

export const INTERFACE_BRIEF = ["id", "url", "display", "device", "name", "description"];

/** One cable per pair of ports that the lab's site joins, and the far end noted on both of them. */
export function addCables(tables: Tables, model: LabModel): void {
  tables.table("dcim/cables", "Cable", ["id", "url", "display", "label", "description"]);
  const interfaces = tables.all.get("dcim/interfaces")?.records ?? [];
  const find = (device: string, name: string) =>
    interfaces.find((one) => one.name === name && (one.device as { name?: unknown }).name === device);
  for (const device of model.devices) {
    for (const { name, peer } of device.interfaces) {
      const left = find(device.name, name);
      const right = peer === undefined ? undefined : find(peer.device, peer.interface);
      if (left === undefined || right === undefined || left.id > right.id) continue;
      const ends = { a_terminations: [termination(left)], b_terminations: [termination(right)] };
      const cable = tables.add("dcim/cables", `#${tables.all.get("dcim/cables")?.records.length ?? 0}`, {
        label: "",
        status: choice("connected"),
        ...ends,
      });
      const nested = tables.ref("dcim/cables", cable.id, "id");
      Object.assign(left, { cable: nested, connected_endpoints: [brief(right)] });
      Object.assign(right, { cable: nested, connected_endpoints: [brief(left)] });
    }
  }
}

function termination(record: Record<string, unknown>): Record<string, unknown> {
  return { object_type: "dcim.interface", object_id: record.id, object: brief(record) };
}

function brief(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(INTERFACE_BRIEF.map((field) => [field, record[field]]));
}
