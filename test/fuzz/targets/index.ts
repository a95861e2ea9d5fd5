import type { Target } from "../kit/target.js";
import { channel } from "./channel.js";
import { fetch } from "./fetch.js";
import { headers } from "./headers.js";
import { http } from "./http.js";
import { jsonScan } from "./json-scan.js";
import { requestState } from "./request-state.js";
import { resume } from "./resume.js";
import { schema } from "./schema.js";
import { schemaAjv } from "./schema-ajv.js";
import { sealed } from "./sealed.js";
import { stdio } from "./stdio.js";
import { stdioProcess } from "./stdio-process.js";
import { tcp } from "./tcp.js";
import { uriTemplate } from "./uri-template.js";

/** Every entry point under fuzz. Each target takes back only what it made itself, so its inputs may be of any type. */
export const TARGETS: readonly Target[] = [
  channel,
  http,
  resume,
  requestState,
  jsonScan,
  stdio,
  stdioProcess,
  headers,
  sealed,
  uriTemplate,
  schema,
  schemaAjv,
  fetch,
  tcp,
];
