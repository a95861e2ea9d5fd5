import { ErrorCode, McpError, type McpServer, ResourceTemplate } from "holdfast";
import type { DeviceDirectory } from "./devices/directory.js";
import { NetworkError } from "./errors.js";
import { type DeviceAccess, showOnDevice } from "./tools/run-show-command.js";

const JSON_TYPE = "application/json";

export function registerResources(mcp: McpServer, access: DeviceAccess): void {
  const { directory } = access;
  mcp.registerResource(
    "inventory",
    "inventory://devices",
    {
      title: "Device inventory",
      description: "All devices with role, site, platform, status and address.",
      mimeType: JSON_TYPE,
      requires: "device:read",
    },
    async (uri, ctx) => ({ contents: [jsonContents(uri, await readable(() => directory.list(ctx.signal)))] }),
  );
  mcp.registerResource(
    "device",
    new ResourceTemplate("inventory://devices/{name}", {
      list: async (ctx) => ({
        resources: (await readable(() => directory.list(ctx.signal))).map(({ name, role, site }) => ({
          uri: `inventory://devices/${encodeURIComponent(name)}`,
          name,
          description: `${role}, ${site}`,
          mimeType: JSON_TYPE,
        })),
      }),
      complete: { name: (value) => namesLike(directory, value) },
    }),
    { title: "Device", description: "One device of the inventory.", mimeType: JSON_TYPE, requires: "device:read" },
    async (uri, { name }, ctx) => {
      const device = await readable(() => directory.describe(String(name), ctx.signal));
      return { contents: [jsonContents(uri, device)] };
    },
  );
  mcp.registerResource(
    "running-config",
    new ResourceTemplate("config://{name}/running", { complete: { name: (value) => namesLike(directory, value) } }),
    {
      title: "Running configuration",
      description: "What a device runs now, read over SSH, secrets removed.",
      mimeType: "text/plain",
      requires: "device:read",
    },
    async (uri, { name }, ctx) => {
      const ask = { device: String(name), command: "show running-config" };
      const { output } = await readable(() => showOnDevice(access, ask, ctx.signal));
      return { contents: [{ uri: uri.href, mimeType: "text/plain", text: output }] };
    },
  );
}

/** Completion helps while typing; when the inventory is out of reach it offers nothing instead of failing. */
export async function namesLike(directory: DeviceDirectory, value: string): Promise<string[]> {
  try {
    return await directory.names(value);
  } catch {
    return [];
  }
}

function jsonContents(uri: URL, value: unknown): { uri: string; mimeType: string; text: string } {
  return { uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(value, null, 2) };
}

/** Resources have no `isError`: our messages travel as JSON-RPC errors. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw error.code === "not_found" ? notFound(error.message) : new McpError(ErrorCode.InternalError, error.message);
  }
}

function notFound(message: string): McpError {
  return new McpError(ErrorCode.InvalidParams, message);
}
