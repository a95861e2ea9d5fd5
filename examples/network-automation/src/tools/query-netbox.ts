import type { McpServer } from "holdfast";
import { z } from "zod";
import { DEFAULT_LIMIT, MAX_LIMIT, type NetBoxClient } from "../netbox/client.js";
import { API_ROOTS } from "../netbox/endpoint.js";
import { actionable } from "./actionable.js";

/** Several pages of up to ten seconds each, with room for the answer. */
const TIMEOUT_MS = 60_000;

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const inputSchema = z.object({
  endpoint: z.string().describe('API path below /api/, such as "dcim/devices", "ipam/prefixes" or "dcim/sites/3"'),
  params: z
    .record(z.string(), z.union([value, z.array(value)]))
    .default({})
    .describe(
      'Filters. A list matches any of its values. Lookups: name__ic (contains), name__isw (starts with), name__n (not), vid__gt. Also "q", "ordering", "offset", "brief": "true", "fields": "id,name".',
    ),
  limit: z.int().min(1).max(MAX_LIMIT).optional().describe(`How many objects to return; ${DEFAULT_LIMIT} if left out`),
});

const outputSchema = z.object({
  count: z.number().describe("Objects that match in NetBox"),
  returned: z.number().describe("Objects in this answer"),
  truncated: z.boolean().describe("True when there are more: continue with params.offset = next_offset"),
  next_offset: z.number().optional(),
  note: z.string().optional(),
  results: z.array(z.record(z.string(), z.unknown())),
});

export function registerQueryNetbox(mcp: McpServer, netbox: NetBoxClient): void {
  mcp.registerTool(
    "query_netbox",
    {
      title: "Query NetBox",
      description: [
        "Look up objects in NetBox, the source of truth for devices, sites, racks, interfaces, cables, VLANs, prefixes and IP addresses. Read-only.",
        `API roots: ${API_ROOTS.join(", ")}; asking for a root such as "dcim" lists its endpoints.`,
        'Ask for few fields ("brief" or "fields") when listing. NetBox ignores filter names it does not know: if a filter changes nothing, its name is wrong.',
      ].join(" "),
      inputSchema,
      outputSchema,
      annotations: { readOnlyHint: true, openWorldHint: true },
      requires: "netbox:read",
      timeoutMs: TIMEOUT_MS,
    },
    ({ endpoint, params, limit }, ctx) =>
      actionable(() => netbox.query({ endpoint, params, limit, signal: ctx.signal })),
  );
}
