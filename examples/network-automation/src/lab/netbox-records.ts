/** The shapes NetBox gives its objects: full, brief (as nested in another one) and choices. */
export type LabRecord = Record<string, unknown> & { readonly id: number };

export interface Collection {
  /** "Device": for NetBox's own 404 text. */
  readonly verbose: string;
  readonly briefFields: readonly string[];
  readonly records: LabRecord[];
}

export type Collections = ReadonlyMap<string, Collection>;

const CREATED = "2025-02-03T08:00:00.000000Z";
const BRIEF = ["id", "url", "display", "name", "slug", "description"];

/** Numbers the records of each endpoint and gives them what every NetBox object has. */
export class Tables {
  readonly #tables = new Map<string, Collection>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get all(): Collections {
    return this.#tables;
  }

  table(endpoint: string, verbose: string, briefFields: readonly string[] = BRIEF): void {
    this.#tables.set(endpoint, { verbose, briefFields, records: [] });
  }

  add(endpoint: string, display: string, fields: Record<string, unknown>): LabRecord {
    const collection = this.#collection(endpoint);
    const id = collection.records.length + 1;
    const record: LabRecord = {
      id,
      url: `${this.#origin}/api/${endpoint}/${id}/`,
      display_url: `${this.#origin}/${endpoint}/${id}/`,
      display,
      description: "",
      ...fields,
      tags: fields.tags ?? [],
      custom_fields: fields.custom_fields ?? {},
      created: CREATED,
      last_updated: CREATED,
    };
    collection.records.push(record);
    return record;
  }

  /** The nested form of one record, found by its name (or the field given). */
  ref(endpoint: string, value: string | number, field = "name"): Record<string, unknown> {
    const { records, briefFields } = this.#collection(endpoint);
    const record = records.find((one) => one[field] === value);
    if (record === undefined)
      throw new TypeError(`the lab refers to ${endpoint} ${field}=${value}, which it does not have`);
    return pick(record, briefFields);
  }

  #collection(endpoint: string): Collection {
    const collection = this.#tables.get(endpoint);
    if (collection === undefined) throw new TypeError(`the lab has no table ${endpoint}`);
    return collection;
  }
}

export function choice(
  value: string,
  label: string = value.charAt(0).toUpperCase() + value.slice(1),
): { value: string; label: string } {
  return { value, label };
}

export function pick(record: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter((field) => field in record).map((field) => [field, record[field]]));
}
