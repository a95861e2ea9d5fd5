import { type McpServer, type RequestContext, ToolError } from "holdfast";
import { z } from "zod";
import { MAX_CONFIG_LINE_LENGTH, MAX_CONFIG_LINES, parseConfigLines } from "../commands/config-lines.js";
import { redactLine } from "../commands/redact-config.js";
import type { DeviceTarget } from "../devices/directory.js";
import type { DeviceOutcome } from "../push/outcome.js";
import { rollOut } from "../push/rollout.js";
import { actionable } from "./actionable.js";
import type { DeviceAccess } from "./run-show-command.js";

/** A change on more devices than this should be a reviewed job, not one tool call. */
const MAX_DEVICES = 20;
/** Twenty slow devices one after the other. */
const TIMEOUT_MS = 15 * 60_000;
/** What fits on a confirmation dialog. */
const LINES_SHOWN = 30;

const inputSchema = z.object({
  devices: z.array(z.string().min(1).max(64)).min(1).max(MAX_DEVICES).describe("Device names as in the inventory"),
  lines: z
    .array(z.string().max(MAX_CONFIG_LINE_LENGTH + 1))
    .min(1)
    .max(MAX_CONFIG_LINES)
    .describe(
      'Configuration lines, one command each, written in full; indent what belongs to a section: ["interface GigabitEthernet1/0/5", " description printer"]',
    ),
  dry_run: z.boolean().default(false).describe("Only compare with the running configuration; change nothing"),
  confirm: z
    .boolean()
    .default(false)
    .describe(
      "Set only when the user has agreed to exactly this change and the client cannot show a confirmation dialog",
    ),
});

const outcomeSchema = z.object({
  device: z.string(),
  outcome: z.enum(["applied", "unchanged", "planned", "unverified", "failed", "skipped"]),
  changes: z
    .array(z.string())
    .describe("Lines that differ from the running configuration before the push: + added, - removed"),
  lines_sent: z.number(),
  message: z.string().optional(),
});

const outputSchema = z.object({
  dry_run: z.boolean(),
  confirmed_by: z.enum(["user", "argument", "not needed", "nobody"]),
  summary: z.string(),
  devices: z.array(outcomeSchema),
});

type PushArgs = z.infer<typeof inputSchema>;
type PushResult = z.infer<typeof outputSchema>;
type ConfirmedBy = PushResult["confirmed_by"];

export function registerPushConfig(mcp: McpServer, access: DeviceAccess): void {
  mcp.registerTool(
    "push_config",
    {
      title: "Push configuration",
      description: [
        "Add or remove configuration lines on one or more devices over SSH: connect, compare, send, read back, one device after the other.",
        "The user is asked before anything is sent. Use dry_run first. Changes the running configuration only; it is not saved to the startup configuration.",
        "The rollout ends at the first device that refuses a line.",
      ].join(" "),
      inputSchema,
      outputSchema,
      // Sending the same lines twice leaves the same configuration, but it is not harmless to repeat unasked.
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
      requires: "device:write",
      timeoutMs: TIMEOUT_MS,
    },
    async (args, ctx) => {
      const result = await actionable(() => pushConfig(access, args, ctx));
      announce(mcp, result);
      return result;
    },
  );
}

/** Clients that watch the configuration of a device that was touched are told to read it again. */
function announce(mcp: McpServer, { devices, dry_run }: PushResult): void {
  if (dry_run) return;
  for (const { device, lines_sent } of devices) {
    if (lines_sent > 0) mcp.sendResourceUpdated({ uri: `config://${encodeURIComponent(device)}/running` });
  }
}

/**
 * Everything up to the question only reads: on revision 2026-07-28 the handler starts again from the top
 * with the answer. All effects come after it.
 */
async function pushConfig(access: DeviceAccess, args: PushArgs, ctx: RequestContext): Promise<PushResult> {
  const nodes = parseConfigLines(args.lines);
  const targets: DeviceTarget[] = [];
  for (const name of new Set(args.devices)) targets.push(await access.directory.find(name, ctx.signal));
  const confirmedBy = args.dry_run ? "not needed" : await confirm(args, targets, ctx);
  if (confirmedBy === "nobody") return toResult(args, confirmedBy, targets.map(declined));
  ctx.log.info(args.dry_run ? "comparing configuration" : "pushing configuration", {
    devices: targets.map(({ name }) => name),
  });
  const outcomes = await rollOut({
    targets,
    plan: { nodes, dryRun: args.dry_run },
    ssh: access.ssh,
    signal: ctx.signal,
    progress: (done, total, message) => ctx.progress(done, total, message),
  });
  return toResult(args, confirmedBy, outcomes);
}

async function confirm(
  { lines, confirm: agreed }: PushArgs,
  targets: readonly DeviceTarget[],
  ctx: RequestContext,
): Promise<ConfirmedBy> {
  if (!canAsk(ctx)) {
    if (agreed) return "argument";
    throw new ToolError(
      "Nothing was sent: this client cannot show a confirmation dialog. Show the user the devices and lines, and call again with confirm: true once they agree.",
    );
  }
  // A `confirm: true` from the model does not replace the person who can be asked.
  const answer = await ctx.elicit({
    key: "confirm",
    message: question(lines, targets),
    requestedSchema: z.object({ apply: z.boolean().meta({ title: "Apply this change", default: false }) }),
  });
  return answer.action === "accept" && answer.content.apply ? "user" : "nobody";
}

/** `elicitation: {}` is how revisions before 2025-11-25 say that they can show a form. */
function canAsk(ctx: RequestContext): boolean {
  const { elicitation } = ctx.client.capabilities;
  return elicitation !== undefined && ("form" in elicitation || !("url" in elicitation));
}

function question(lines: readonly string[], targets: readonly DeviceTarget[]): string {
  const shown = lines.slice(0, LINES_SHOWN).map((line) => `  ${redactLine(line)}`);
  const more = lines.length > LINES_SHOWN ? [`  … and ${lines.length - LINES_SHOWN} more lines`] : [];
  return [`Push ${lines.length} line(s) to ${targets.map(({ name }) => name).join(", ")}?`, ...shown, ...more].join(
    "\n",
  );
}

function declined({ name }: DeviceTarget): DeviceOutcome {
  return {
    device: name,
    outcome: "skipped",
    changes: [],
    lines_sent: 0,
    message: "The user did not agree. Do not try again without asking them.",
  };
}

function toResult({ dry_run }: PushArgs, confirmed_by: ConfirmedBy, devices: readonly DeviceOutcome[]): PushResult {
  const counts = new Map<string, number>();
  for (const { outcome } of devices) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  return { dry_run, confirmed_by, summary, devices: [...devices] };
}
