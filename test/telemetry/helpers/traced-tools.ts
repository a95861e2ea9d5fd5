/** Tools that are added to the server of docs/telemetry.md: JavaScript, as it is. */
export const TOOLS: string = `
const { propagation, trace } = await import("@opentelemetry/api");
const inside = () => trace.getTracer("work").startSpan("inside").end();
mcp.registerTool("stream", {}, async (ctx) => {
  for (const step of [1, 2, 3]) {
    await ctx.progress(step);
    await new Promise((resolve) => setImmediate(resolve));
  }
  inside();
  return "done";
});
mcp.registerTool("fails", {}, () => {
  throw new Error("no");
});
mcp.registerTool("waits", {}, (ctx) => {
  ctx.progress(1);
  return new Promise((_, reject) => {
    ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason), { once: true });
  });
});
mcp.registerTool("report", { task: "always" }, async () => {
  await new Promise((resolve) => setImmediate(resolve));
  inside();
  return "a report";
});
mcp.registerTool("ask", {}, async (ctx) => {
  const requestedSchema = { type: "object", properties: { name: { type: "string" } } };
  return (await ctx.elicit({ message: "Who?", requestedSchema })).action;
});
mcp.registerTool("context", { outputSchema: { type: "object" } }, () => {
  const { traceId, traceFlags, traceState } = trace.getActiveSpan().spanContext();
  const user = propagation.getActiveBaggage()?.getEntry("user")?.value;
  const flags = { traceFlags: String(traceFlags), traceState: traceState?.serialize() ?? "" };
  return { structuredContent: { traceId, ...flags, ...(user && { user }) } };
});
`;
