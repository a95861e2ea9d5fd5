/** Asks a Holdfast server what of a request arrived there (`GET /health?seen`). */
import { isObject, own, ownObject, ownString } from "../util/json.js";
import type { Patient } from "./patient.js";

export interface Arrived {
  readonly httpVersion: string | undefined;
  header(name: string): { readonly value: string; readonly times: number | undefined } | undefined;
}

/** Undefined when the server, or the proxy, has no such page. */
export async function whatArrives(
  patient: Patient,
  headers: Readonly<Record<string, string>> = {},
): Promise<Arrived | undefined> {
  const { json, status } = await patient.ask(`${patient.examination.base}/health?seen`, { headers });
  const seen = isObject(json) ? ownObject(json, "headers") : undefined;
  if (status !== 200 || !isObject(json) || seen === undefined) return undefined;
  return {
    httpVersion: ownString(json, "httpVersion"),
    header: (name) => {
      const one = ownObject(seen, name);
      const times = one && own(one, "times");
      return one && { value: ownString(one, "value") ?? "", times: typeof times === "number" ? times : undefined };
    },
  };
}
