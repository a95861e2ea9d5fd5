import type { CallToolResult, Tool } from "@modelcontextprotocol/client";
import { type Answers, answersTo } from "./answers.js";
import { type Arguments, argumentsOf, missingIn } from "./arguments.js";
import { askMissing } from "./ask.js";
import { type Connection, connect } from "./connect.js";
import { type ConnectionOptions, connectionOptionsOf } from "./connection-options.js";
import { renderResult, saveFiles } from "./content.js";
import { CliError, EXIT, usage } from "./errors.js";
import { offerOf } from "./list.js";
import { canAsk } from "./question.js";
import { requestFailed } from "./request-errors.js";
import { rootsOf } from "./roots.js";
import { signatureOf } from "./signature.js";
import type { Action } from "./spec.js";
import { didYouMean } from "./suggest.js";
import { targetOf } from "./target.js";
import { ProgressLine, paletteOf, printable } from "./terminal.js";

/** More than anybody pipes as arguments; a device that never ends is a mistake. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;

export const call: Action = async (invocation) => {
  const { target, words } = targetOf(invocation);
  const [name, ...given] = words;
  if (name === undefined)
    throw usage("Which tool?", `holdfast list ${invocation.rest === undefined ? target.label : `-- ${target.label}`}`);
  const options = connectionOptionsOf(invocation.options);
  const mayAsk = invocation.options.input !== false && canAsk();
  const readable = await Promise.all(given.map((word) => (word === "-" ? stdinText() : word)));
  const progress = new ProgressLine();
  const roots = rootsOf(invocation.options.root);
  const answers = answersTo({ mayAsk, roots, before: () => progress.clear() });
  const connection = await connect(target, options, answers);
  try {
    const tool = await toolCalled(name, connection, options);
    const args = await complete(argumentsOf(readable, tool), tool, mayAsk);
    const result = await send({ connection, tool, args, options, progress, answers });
    return await print(result, { tool, json: invocation.options.json === true, out: invocation.options.out });
  } finally {
    progress.clear();
    await connection.close();
  }
};

async function toolCalled(name: string, connection: Connection, { timeoutMs }: ConnectionOptions): Promise<Tool> {
  const { tools } = await offerOf(connection, timeoutMs, ["tools"]);
  const tool = tools.find((one) => one.name === name);
  if (tool !== undefined) return tool;
  const hint =
    didYouMean(
      name,
      tools.map((one) => one.name),
    ) ?? "The server lists no tools to this caller.";
  throw usage(`The server has no tool ${name}.`, hint);
}

async function complete(args: Arguments, tool: Tool, mayAsk: boolean): Promise<Arguments> {
  const missing = missingIn(args, tool);
  if (missing.length === 0) return args;
  if (mayAsk) return askMissing(args, tool);
  throw usage(`${tool.name} needs ${missing.join(", ")}.`, `${tool.name}${signatureOf(tool.inputSchema)}`);
}

interface Call {
  readonly connection: Connection;
  readonly tool: Tool;
  readonly args: Arguments;
  readonly options: ConnectionOptions;
  readonly progress: ProgressLine;
  readonly answers: Answers;
}

async function send({ connection, tool, args, options, progress, answers }: Call): Promise<CallToolResult> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    const once = () =>
      connection.client.callTool(
        { name: tool.name, arguments: args },
        {
          signal: interrupted.signal,
          timeout: options.timeoutMs,
          resetTimeoutOnProgress: true,
          onprogress: (one) => progress.show(one),
          toolDefinition: tool,
        },
      );
    return await answers.withPages(once);
  } catch (error) {
    // The client has told the server.
    if (interrupted.signal.aborted) throw new CliError(EXIT.interrupted, "The call was cancelled.", { cause: error });
    throw requestFailed(error, options.timeoutMs);
  } finally {
    process.off("SIGINT", interrupt);
    progress.clear();
  }
}

interface Printing {
  readonly tool: Tool;
  readonly json: boolean;
  readonly out: unknown;
}

async function print(result: CallToolResult, { tool, json, out }: Printing): Promise<0 | 1> {
  const { content = [] } = result;
  const saved = typeof out === "string" ? await saveFiles(content, out, tool.name) : new Map<number, string>();
  const failed = result.isError === true;
  if (json) {
    const files = saved.size === 0 ? {} : { files: Object.fromEntries(saved) };
    process.stdout.write(`${printable(JSON.stringify({ ...result, ...files }, null, 2))}\n`);
  } else if (failed) {
    process.stderr.write(`${paletteOf(process.stderr).red("The tool reports an error:")}\n`);
    process.stdout.write(renderResult(result, saved));
  } else process.stdout.write(renderResult(result, saved));
  return failed ? EXIT.failed : EXIT.ok;
}

async function stdinText(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_STDIN_BYTES) throw usage(`Arguments on stdin are larger than ${MAX_STDIN_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8").trim();
  if (text.startsWith("{")) return text;
  throw usage("What comes on stdin must be one JSON object.");
}
