import { isObject, own } from "../../util/json.js";
import { copyJson, setOwn } from "./json-copy.js";
import { isEffective } from "./json-schema-check.js";
import type { Dialect } from "./keywords.js";
import type { JsonSchema } from "./types.js";

/** The properties of an object that have a default, or have properties that do. */
export type DefaultPlan = readonly PlannedProperty[];
interface PlannedProperty {
  readonly key: string;
  /** Absent when only properties below have defaults. */
  readonly preset: { readonly value: unknown } | undefined;
  readonly below: DefaultPlan | undefined;
}

/** Collects the defaults of a schema, through `properties` only: elsewhere it depends on the value which one counts. */
export function planDefaults(schema: unknown, dialect: Dialect): DefaultPlan | undefined {
  if (!isObject(schema) || !isEffective("properties", schema, dialect)) return undefined;
  const properties = own(schema, "properties");
  if (!isObject(properties)) return undefined;
  const plan: PlannedProperty[] = [];
  for (const key of Object.keys(properties)) {
    const property = properties[key];
    if (!isObject(property)) continue;
    const below = planDefaults(property, dialect);
    const set = Object.hasOwn(property, "default") && isEffective("default", property, dialect);
    if (set || below) plan.push({ key, preset: set ? { value: property.default } : undefined, below });
  }
  return plan.length === 0 ? undefined : plan;
}

/** `value` with defaults for what is absent; copies only the objects that change, and each default afresh. */
export function applyDefaults(plan: DefaultPlan | undefined, value: unknown): unknown {
  if (plan === undefined || !isObject(value)) return value;
  let copy: JsonSchema | undefined;
  for (const { key, preset, below } of plan) {
    const present = Object.hasOwn(value, key);
    if (!present && preset === undefined) continue;
    const given = present ? value[key] : copyJson(preset?.value, "A default");
    const filled = applyDefaults(below, given);
    if (present && filled === given) continue;
    copy ??= { ...value };
    setOwn(copy, key, filled);
  }
  return copy ?? value;
}
