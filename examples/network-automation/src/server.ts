import { anonymous, McpServer, type McpServerOptions } from "holdfast";
import type { NetBoxClient } from "./netbox/client.js";
import { registerPrompts } from "./prompts.js";
import { registerResources } from "./resources.js";
import { registerPushConfig } from "./tools/push-config.js";
import { registerQueryNetbox } from "./tools/query-netbox.js";
import { type DeviceAccess, registerRunShowCommand } from "./tools/run-show-command.js";

export interface NetworkServerOptions {
  readonly netbox?: NetBoxClient;
  readonly devices?: DeviceAccess;
  /** Overrides for tests and real deployments: authentication above all. */
  readonly mcp?: McpServerOptions;
}

export const PERMISSIONS = ["netbox:read", "device:read", "device:write"] as const;

const INSTRUCTIONS = [
  "Tools for a network: NetBox is the documented state, the devices are the actual state.",
  "Read first (query_netbox, run_show_command). Change only with push_config, dry_run first, and only what the user asked for.",
].join(" ");

/** The server without a transport. Tools exist for what is configured: no NetBox, no `query_netbox`. */
export function createNetworkServer({ netbox, devices, mcp: options }: NetworkServerOptions): McpServer {
  const mcp = new McpServer(
    { name: "network-automation", title: "Network automation", version: "1.0.0" },
    {
      instructions: INSTRUCTIONS,
      // Everybody who reaches this server may do everything. That suits a lab on 127.0.0.1. On a shared host,
      // pass real authentication instead and give "device:write" to the people who may change devices.
      auth: anonymous({ permissions: [...PERMISSIONS] }),
      ...options,
    },
  );
  if (netbox !== undefined) registerQueryNetbox(mcp, netbox);
  if (devices !== undefined) {
    registerRunShowCommand(mcp, devices);
    registerPushConfig(mcp, devices);
    registerResources(mcp, devices);
    registerPrompts(mcp, devices.directory);
  }
  return mcp;
}
