/** Tools of the scenarios for the extension `io.modelcontextprotocol/tasks` (2026-07-28). */
import { setTimeout as delay } from "node:timers/promises";
import { ErrorCode, McpError, type McpServer, ToolError } from "holdfast";
import { z } from "zod";

const JOB_MS = 1000;
/** Longer than the suite waits for a plain answer, so that the call becomes a task once its question is answered. */
const SLOW_MS = 2000;

const confirmForm = z.object({ confirm: z.boolean() });
const nameForm = z.object({ name: z.string() });

export function registerTasks(mcp: McpServer): void {
  registerJobs(mcp);
  registerWaiting(mcp);
}

function registerJobs(mcp: McpServer): void {
  mcp.registerTool(
    "greet",
    { description: "Greets somebody, at once.", inputSchema: nameForm, task: "never" },
    ({ name }) => `Hello, ${name}!`,
  );
  mcp.registerTool(
    "slow_compute",
    {
      description: "Takes as long as it is told to.",
      inputSchema: z.object({ seconds: z.number().min(0), label: z.string() }),
      task: "always",
      dedupe: false,
    },
    async ({ seconds, label }, ctx) => {
      await delay(seconds * 1000, undefined, { signal: ctx.signal });
      return `${label}: done after ${seconds} s.`;
    },
  );
  mcp.registerTool(
    "failing_job",
    { description: "Fails after a second.", task: { start: "always", required: true } },
    async (ctx) => {
      await delay(JOB_MS, undefined, { signal: ctx.signal });
      throw new ToolError("This job fails on purpose.");
    },
  );
  mcp.registerTool(
    "protocol_error_job",
    { description: "Ends with a protocol error.", task: "always" },
    async (ctx) => {
      await delay(JOB_MS, undefined, { signal: ctx.signal });
      throw new McpError(ErrorCode.InternalError, "This job breaks down on purpose.");
    },
  );
}

function registerWaiting(mcp: McpServer): void {
  mcp.registerTool(
    "confirm_delete",
    {
      description: "Asks before it pretends to delete a file.",
      inputSchema: z.object({ filename: z.string() }),
      task: "always",
    },
    async ({ filename }, ctx) => {
      const answer = await ctx.elicit({ message: `Delete ${filename}?`, requestedSchema: confirmForm });
      return answer.action === "accept" && answer.content.confirm ? `Deleted ${filename}.` : `Kept ${filename}.`;
    },
  );
  mcp.registerTool("multi_input", { description: "Asks two questions at once.", task: "always" }, async (ctx) => {
    const answers = await Promise.all([
      ctx.elicit({ key: "first_name", message: "Your first name?", requestedSchema: nameForm }),
      ctx.elicit({ key: "last_name", message: "Your last name?", requestedSchema: nameForm }),
    ]);
    return `Answers: ${answers.map(({ action }) => action).join(", ")}.`;
  });
  mcp.registerTool(
    "test_tool_with_task",
    { description: "Asks first, then takes long.", task: { start: "slow", required: true } },
    async (ctx) => {
      const answer = await ctx.elicit({ key: "user_name", message: "Your name?", requestedSchema: nameForm });
      await delay(SLOW_MS, undefined, { signal: ctx.signal });
      return answer.action === "accept" ? `Done, ${answer.content.name}.` : "Done.";
    },
  );
}
