/** Tools and a prompt that ask the client: server requests up to 2025-11-25, `input_required` on 2026-07-28. */
import type { McpServer } from "holdfast";
import { z } from "zod";
import { defaultsForm, enumsForm } from "./forms.js";

const confirmForm = z.object({ ok: z.boolean() });
const nameForm = z.object({ name: z.string() });
const question = (text: string) => {
  return { messages: [{ role: "user", content: { type: "text", text } }], maxTokens: 100 } as const;
};

export function registerAsking(mcp: McpServer): void {
  registerSessionTools(mcp);
  registerSingleQuestions(mcp);
  registerSeveralQuestions(mcp);
  registerState(mcp);
  mcp.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Asks for its context first." },
    async (ctx) => {
      const requestedSchema = z.object({ context: z.string() });
      const answer = await ctx.elicit({ key: "user_context", message: "What is it about?", requestedSchema });
      const about = answer.action === "accept" ? answer.content.context : "nothing";
      return { messages: [{ role: "user", content: { type: "text", text: `This is about ${about}.` } }] };
    },
  );
}

/** Called on 2025-11-25, where each question is a request of its own. */
function registerSessionTools(mcp: McpServer): void {
  mcp.registerTool(
    "test_sampling",
    { description: "Asks the client's model.", inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const { content } = await ctx.sample(question(prompt));
      return `The model said: ${JSON.stringify(content)}`;
    },
  );
  mcp.registerTool(
    "test_elicitation",
    { description: "Asks the user for a name and an address.", inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) => {
      const requestedSchema = z.object({ username: z.string(), email: z.string() });
      return `The user said: ${JSON.stringify(await ctx.elicit({ message, requestedSchema }))}`;
    },
  );
  mcp.registerTool(
    "test_elicitation_sep1034_defaults",
    { description: "Asks with a form whose fields have defaults." },
    async (ctx) => {
      const answer = await ctx.elicit({ message: "Please check these.", requestedSchema: defaultsForm });
      return `The user said: ${JSON.stringify(answer)}`;
    },
  );
  mcp.registerTool(
    "test_elicitation_sep1330_enums",
    { description: "Asks with a form of every kind of choice." },
    async (ctx) => {
      const answer = await ctx.elicit({ message: "Please choose.", requestedSchema: enumsForm });
      return `The user said: ${JSON.stringify(answer)}`;
    },
  );
  mcp.registerTool(
    "test_missing_capability",
    { description: "Cannot work without the client's model." },
    async (ctx) => `The model said: ${JSON.stringify(await ctx.sample(question("Are you there?")))}`,
  );
  mcp.registerTool(
    "test_streaming_elicitation",
    { description: "Asks the user after it has reported progress." },
    async (ctx) => {
      ctx.progress(1, 2);
      const answer = await ctx.elicit({ key: "confirm", message: "Go on?", requestedSchema: confirmForm });
      return `The user said: ${answer.action}`;
    },
  );
}

/** One question each; the suite looks at the keys and methods of `inputRequests`. */
function registerSingleQuestions(mcp: McpServer): void {
  mcp.registerTool("test_input_required_result_elicitation", { description: "Asks the user's name." }, async (ctx) => {
    const answer = await ctx.elicit({ key: "user_name", message: "What is your name?", requestedSchema: nameForm });
    return answer.action === "accept" ? `Hello, ${answer.content.name}!` : "Hello!";
  });
  mcp.registerTool(
    "test_input_required_result_sampling",
    { description: "Asks the client's model a question." },
    async (ctx) => {
      const { content } = await ctx.sample({ key: "capital", ...question("What is the capital of France?") });
      return `The model said: ${JSON.stringify(content)}`;
    },
  );
  mcp.registerTool(
    "test_input_required_result_list_roots",
    { description: "Asks for the client's roots." },
    async (ctx) => {
      const roots = await ctx.roots({ key: "client_roots" });
      return `Roots: ${roots.map(({ uri }) => uri).join(", ")}`;
    },
  );
}

function registerSeveralQuestions(mcp: McpServer): void {
  mcp.registerTool(
    "test_input_required_result_multiple_inputs",
    { description: "Asks the user, the model and for the roots, all at once." },
    async (ctx) => {
      const [name, greeting, roots] = await Promise.all([
        ctx.elicit({ key: "user_name", message: "What is your name?", requestedSchema: nameForm }),
        ctx.sample({ key: "greeting", ...question("Write a greeting.") }),
        ctx.roots({ key: "client_roots" }),
      ]);
      return `${name.action}, ${JSON.stringify(greeting.content)}, ${roots.length} roots`;
    },
  );
  mcp.registerTool(
    "test_input_required_result_multi_round",
    { description: "Asks a second question when the first is answered." },
    async (ctx) => {
      const name = await ctx.elicit({ key: "step1", message: "What is your name?", requestedSchema: nameForm });
      const requestedSchema = z.object({ color: z.string() });
      const color = await ctx.elicit({ key: "step2", message: "And your favorite color?", requestedSchema });
      return `${name.action}, ${color.action}`;
    },
  );
  mcp.registerTool(
    "test_input_required_result_capabilities",
    { description: "Asks only what the client can answer." },
    async (ctx) => {
      const { elicitation, sampling, roots } = ctx.client.capabilities;
      const answers = await Promise.all([
        elicitation && ctx.elicit({ key: "name", message: "What is your name?", requestedSchema: nameForm }),
        sampling && ctx.sample({ key: "greeting", ...question("Write a greeting.") }),
        roots && ctx.roots({ key: "client_roots" }),
      ]);
      return `${answers.filter((answer) => answer !== undefined).length} answers`;
    },
  );
}

/** The state of these is the framework's: sealed, and refused when it was touched. */
function registerState(mcp: McpServer): void {
  for (const name of ["test_input_required_result_request_state", "test_input_required_result_tampered_state"]) {
    mcp.registerTool(name, { description: "Asks for a confirmation and carries on from it." }, async (ctx) => {
      const answer = await ctx.elicit({ key: "confirm", message: "Please confirm.", requestedSchema: confirmForm });
      return `state-ok: ${answer.action}`;
    });
  }
}
