import type { Collection, LabRecord } from "./netbox-records.js";

/** As Django gives it back with status 400. */
export type FilterErrors = Record<string, string[]>;

export type Filtered = { readonly records: LabRecord[] } | { readonly errors: FilterErrors };

const NOT_FILTERS: ReadonlySet<string> = new Set(["limit", "offset", "ordering", "brief", "fields", "omit", "exclude"]);
const SEARCHED = ["name", "description", "serial", "address", "prefix", "dns_name", "model"];

type Compare = (value: string, wanted: string) => boolean;

/** NetBox's lookup suffixes. Negated ones must hold for every wanted value, the others for any. */
const LOOKUPS: Readonly<Record<string, { readonly compare: Compare; readonly every?: true }>> = {
  "": { compare: (value, wanted) => value === wanted },
  n: { compare: (value, wanted) => value !== wanted, every: true },
  ic: { compare: (value, wanted) => lower(value).includes(lower(wanted)) },
  nic: { compare: (value, wanted) => !lower(value).includes(lower(wanted)), every: true },
  isw: { compare: (value, wanted) => lower(value).startsWith(lower(wanted)) },
  nisw: { compare: (value, wanted) => !lower(value).startsWith(lower(wanted)), every: true },
  iew: { compare: (value, wanted) => lower(value).endsWith(lower(wanted)) },
  niew: { compare: (value, wanted) => !lower(value).endsWith(lower(wanted)), every: true },
  ie: { compare: (value, wanted) => lower(value) === lower(wanted) },
  nie: { compare: (value, wanted) => lower(value) !== lower(wanted), every: true },
  gt: { compare: (value, wanted) => Number(value) > Number(wanted) },
  gte: { compare: (value, wanted) => Number(value) >= Number(wanted) },
  lt: { compare: (value, wanted) => Number(value) < Number(wanted) },
  lte: { compare: (value, wanted) => Number(value) <= Number(wanted) },
  empty: { compare: (value, wanted) => (value === "") === (wanted === "true") },
};

/** Fields whose values NetBox checks before filtering. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  status: [
    "offline",
    "active",
    "planned",
    "staged",
    "failed",
    "inventory",
    "decommissioning",
    "connected",
    "reserved",
    "deprecated",
    "container",
  ],
};
const NUMERIC = /^(?:id|vid|.*_id)$/;

export function filterRecords(
  collection: Collection,
  query: URLSearchParams,
  slugs: (field: string) => readonly string[] | undefined,
): Filtered {
  const errors: FilterErrors = {};
  let records = collection.records;
  for (const name of new Set(query.keys())) {
    if (NOT_FILTERS.has(name)) continue;
    const wanted = query.getAll(name);
    const [field = "", lookup = ""] = name.split("__", 2);
    const invalid = wanted.find((value) => !acceptable(field, lookup, value, slugs(field)));
    if (invalid !== undefined) {
      errors[name] = [
        NUMERIC.test(field)
          ? "Enter a number."
          : `Select a valid choice. ${invalid} is not one of the available choices.`,
      ];
      continue;
    }
    records = records.filter((record) => holds(record, field, lookup, wanted));
  }
  return Object.keys(errors).length > 0 ? { errors } : { records };
}

function acceptable(field: string, lookup: string, value: string, slugs: readonly string[] | undefined): boolean {
  if (lookup !== "" && lookup !== "n") return true;
  if (NUMERIC.test(field)) return /^\d+$/.test(value) || value === "null";
  const choices = Object.hasOwn(CHOICES, field) ? CHOICES[field] : slugs;
  return choices === undefined || choices.includes(value);
}

function holds(record: LabRecord, field: string, lookup: string, wanted: readonly string[]): boolean {
  if (field === "q")
    return wanted.some((text) => SEARCHED.some((name) => lower(flat(record[name])).includes(lower(text))));
  const value = fieldValue(record, field);
  const rule = Object.hasOwn(LOOKUPS, lookup) ? LOOKUPS[lookup] : undefined;
  // NetBox ignores filters it does not know; the lab does the same, so that nobody learns otherwise here.
  if (value === undefined || rule === undefined) return true;
  return rule.every === true
    ? wanted.every((one) => rule.compare(value, one))
    : wanted.some((one) => rule.compare(value, one));
}

/** The text a filter compares with; undefined when the record has no such field. */
function fieldValue(record: LabRecord, field: string): string | undefined {
  if (field.startsWith("cf_")) return flat((record.custom_fields as Record<string, unknown>)[field.slice(3)]);
  if (field === "tag") return flat((record.tags as { slug?: unknown }[])[0]?.slug);
  if (field === "interface_id") return flat(record.assigned_object_id);
  const base = field.endsWith("_id") ? field.slice(0, -3) : field;
  const holder = base in record ? record : nestedHolder(record);
  const found = base in holder ? holder[base] : undefined;
  if (found === undefined) return undefined;
  if (typeof found !== "object" || found === null) return flat(found);
  const nested = found as Record<string, unknown>;
  return flat(field === base ? (nested.value ?? nested.slug ?? nested.name ?? nested.vid) : nested.id);
}

/** `device` on an IP address stands on the interface it is assigned to. */
function nestedHolder(record: LabRecord): Record<string, unknown> {
  const assigned = record.assigned_object;
  return typeof assigned === "object" && assigned !== null ? (assigned as Record<string, unknown>) : record;
}

function flat(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function lower(text: string): string {
  return text.toLowerCase();
}
