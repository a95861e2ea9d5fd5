import type { DemoCaller } from "./demo.js";

export interface BannerFacts {
  /** Where clients reach the server, without a path. */
  readonly base: string;
  readonly issuer: string | undefined;
  readonly database: string;
  readonly demo: readonly DemoCaller[];
}

/** What the operator wants to know first. */
export function banner({ base, issuer, database, demo }: BannerFacts): string {
  const [clerk] = demo;
  const lines = ["", "Warehouse", `  MCP    ${base}/mcp   (older clients: ${base}/sse)`, `  API    ${base}/api/orders`];
  lines.push(`  Data   ${database}`, "");
  if (clerk === undefined) {
    lines.push(`Clients log in with ${issuer}:`, `  claude mcp add --transport http warehouse ${base}/mcp`, "");
    return lines.join("\n");
  }
  lines.push("Demonstration keys, good until this process ends:");
  for (const { subject, permissions, key } of demo) lines.push(`  ${key}`, `    ${subject}: ${permissions.join(", ")}`);
  lines.push(
    "",
    "Claude Code:",
    `  claude mcp add --transport http warehouse ${base}/mcp --header "Authorization: Bearer ${clerk.key}"`,
    "",
    "The API. Send it twice: one order, and the second answer says Idempotency-Replayed: true.",
    `  curl -i ${base}/api/orders -H 'authorization: Bearer ${clerk.key}' \\`,
    "    -H 'content-type: application/json' -H 'idempotency-key: my-first-order-0001' \\",
    `    -d '{"customer":"Ada","lines":[{"sku":"BOLT-M8","quantity":2}]}'`,
    "",
    'Ask: "How many BOLT-M8 are there? Order twenty for Ada, reference PO-1."',
    "",
  );
  return lines.join("\n");
}
