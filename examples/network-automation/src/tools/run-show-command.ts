import type { McpServer } from "holdfast";
import { z } from "zod";
import { redactConfig } from "../commands/redact-config.js";
import { MAX_COMMAND_LENGTH, parseShowCommand, SHOW_COMMANDS } from "../commands/show.js";
import type { DeviceDirectory } from "../devices/directory.js";
import { NetworkError } from "../errors.js";
import type { SshOptions } from "../ssh/connect.js";
import { runCommand } from "../ssh/exec.js";
import { actionable } from "./actionable.js";

/** Looking up, logging in and a slow `show running-config`, each with its own limit, stay below this. */
const TIMEOUT_MS = 120_000;

export interface DeviceAccess {
  readonly directory: DeviceDirectory;
  readonly ssh: SshOptions;
}

const inputSchema = z.object({
  device: z.string().min(1).max(64).describe("Device name as in the inventory"),
  command: z
    .string()
    .min(1)
    .max(MAX_COMMAND_LENGTH)
    .describe(`One of: ${SHOW_COMMANDS.join("; ")}`),
});

const outputSchema = z.object({
  device: z.string(),
  command: z.string().describe("The command as it was sent"),
  output: z.string().describe("What the device answered, secrets removed"),
  truncated: z.boolean(),
});

type ShowResult = z.infer<typeof outputSchema>;

export function registerRunShowCommand(mcp: McpServer, access: DeviceAccess): void {
  mcp.registerTool(
    "run_show_command",
    {
      title: "Run a show command",
      description:
        "Run one read-only command on a network device over SSH and return its output. Only the listed commands, written in full, are possible.",
      inputSchema,
      outputSchema,
      annotations: { readOnlyHint: true, openWorldHint: true },
      requires: "device:read",
      timeoutMs: TIMEOUT_MS,
    },
    ({ device, command }, ctx) =>
      actionable(async () => {
        const result = await showOnDevice(access, { device, command }, ctx.signal);
        // Models read a table better as text than as a JSON string full of \n.
        return { content: [{ type: "text", text: result.output }], structuredContent: result };
      }),
  );
}

/** Shared with the `config://` resource: the same checks and the same redaction on both ways. */
export async function showOnDevice(
  access: DeviceAccess,
  ask: { device: string; command: string },
  signal: AbortSignal,
): Promise<ShowResult> {
  const command = parseShowCommand(ask.command);
  const target = await access.directory.find(ask.device, signal);
  const { output, truncated } = await runCommand(target, command, access.ssh, signal);
  if (/^\s*\^?\s*% ?(?:invalid|incomplete|ambiguous|unknown)/i.test(output)) {
    throw new NetworkError(
      "upstream",
      `${target.name} does not know "${command}" (its platform or role has no such command). Try another one.`,
    );
  }
  return { device: target.name, command, output: redactConfig(output), truncated };
}
