/** Loads the specification's JSON Schemas (test/spec) and reads from them which method has which definition. */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export const REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof REVISIONS)[number];
export const LATEST: Revision = "2026-07-28";

export type WireObject = Record<string, unknown>;

export interface RevisionSchema {
  readonly revision: Revision;
  readonly validator: (definition: string) => ValidateFunction;
  /** Method -> name of the definition. */
  readonly results: ReadonlyMap<string, string>;
  readonly notifications: ReadonlyMap<string, string>;
  readonly requests: ReadonlyMap<string, string>;
  /** Error code -> name of the definition of the whole error response. */
  readonly errors: ReadonlyMap<number, string>;
  readonly shapes: { readonly result: string; readonly error: string };
}

const cache = new Map<Revision, RevisionSchema>();

export function isRevision(value: unknown): value is Revision {
  return REVISIONS.some((known) => known === value);
}

export function isWireObject(value: unknown): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function schemaOf(revision: Revision): RevisionSchema {
  const known = cache.get(revision);
  if (known !== undefined) return known;
  const made = loadSchema(revision);
  cache.set(revision, made);
  return made;
}

function loadSchema(revision: Revision): RevisionSchema {
  const text = readFileSync(new URL(`../spec/mcp-schema-${revision}.json`, import.meta.url), "utf8");
  const document = JSON.parse(text) as WireObject;
  const keyword = "$defs" in document ? "$defs" : "definitions";
  const definitions = document[keyword] as Record<string, WireObject>;
  const options = { strict: false, allErrors: true };
  const ajv = keyword === "$defs" ? new Ajv2020(options) : new Ajv(options);
  formats.default(ajv);
  ajv.addSchema(document, revision);
  const validator = (definition: string): ValidateFunction => {
    const found = ajv.getSchema(`${revision}#/${keyword}/${definition}`);
    if (found === undefined) throw new TypeError(`${revision} defines no ${definition}`);
    return found;
  };
  const modern = "JSONRPCResultResponse" in definitions;
  return {
    revision,
    validator,
    results: resultsOf(definitions),
    notifications: methodsOf(definitions, "ServerNotification"),
    requests: methodsOf(definitions, "ServerRequest"),
    errors: errorsOf(definitions),
    shapes: modern
      ? { result: "JSONRPCResultResponse", error: "JSONRPCErrorResponse" }
      : { result: "JSONRPCResponse", error: "JSONRPCError" },
  };
}

/** Walks into nested members of a schema; undefined when one is absent. */
function dig(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as WireObject | undefined)?.[key], value);
}

/** Method -> definition for every member of a union such as ServerNotification. */
function methodsOf(definitions: Record<string, WireObject>, union: string): Map<string, string> {
  const members = (definitions[union]?.anyOf ?? []) as { $ref: string }[];
  const names = members.map(({ $ref }) => $ref.slice($ref.lastIndexOf("/") + 1));
  return new Map(names.map((name) => [String(dig(definitions[name], "properties", "method", "const")), name]));
}

/** The specification names the result of FooRequest FooResult; where it has none, the result is empty. */
function resultsOf(definitions: Record<string, WireObject>): Map<string, string> {
  const named = [...methodsOf(definitions, "ClientRequest")].map(([method, name]): [string, string] => {
    const result = `${name.slice(0, -"Request".length)}Result`;
    return [method, result in definitions ? result : "EmptyResult"];
  });
  return new Map(named);
}

/** Definitions that fix the code of a whole error response, such as UnsupportedProtocolVersionError. */
function errorsOf(definitions: Record<string, WireObject>): Map<number, string> {
  const codes = Object.keys(definitions).map((name) => {
    return [dig(definitions[name], "properties", "error", "allOf", 1, "properties", "code", "const"), name] as const;
  });
  return new Map(codes.filter((pair): pair is [number, string] => typeof pair[0] === "number"));
}
