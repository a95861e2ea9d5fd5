import { Command, CommanderError, Option } from "commander";
import { COMMANDS } from "./commands.js";
import { CliError, EXIT, EXIT_MEANINGS, type ExitCode, usage } from "./errors.js";
import { type CommandSpec, type Invocation, type OptionSpec, optionName } from "./spec.js";
import { harmless, paletteOf } from "./terminal.js";
import { packageVersion } from "./version.js";

/** Runs the command line and says how to exit. What users did wrong is told in a line or two, without a stack. */
export async function main(argv: readonly string[]): Promise<ExitCode | undefined> {
  const cut = argv.indexOf("--");
  const words = cut < 0 ? argv : argv.slice(0, cut);
  const rest = cut < 0 ? undefined : argv.slice(cut + 1);
  const outcome: Outcome = { code: EXIT.ok };
  try {
    const program = createProgram(rest, outcome);
    if (words.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync([...words], { from: "user" });
    return outcome.code;
  } catch (error) {
    // Its message is printed already, unless there was none: help and version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error);
  }
}

interface Outcome {
  code: ExitCode | undefined;
}

function createProgram(rest: readonly string[] | undefined, outcome: Outcome): Command {
  const program = new Command("holdfast");
  program
    .description("Run, look at and call MCP servers.")
    .version(packageVersion(), "-V, --version", "Print the version")
    .helpOption("-h, --help", "Print help; also: holdfast help COMMAND")
    .configureHelp({ subcommandTerm })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(withHint(text, "holdfast")) })
    .addHelpText(
      "after",
      `\n${examplesOf(COMMANDS.flatMap(({ examples }) => examples.slice(0, 1)))}\n\n${exitCodes()}`,
    );
  for (const spec of COMMANDS) program.addCommand(commandOf(spec, "holdfast", { rest, outcome }));
  // Commander's own settings are handed down only to commands that it makes itself.
  inherit(program, "holdfast");
  return program;
}

function inherit(parent: Command, path: string): void {
  for (const command of parent.commands) {
    const name = `${path} ${command.name()}`;
    command.copyInheritedSettings(parent);
    command.configureOutput({ outputError: (text, write) => write(withHint(text, name)) });
    inherit(command, name);
  }
}

/** What a command works on, without its options: beside whole usages there is no room for words on 80 columns. */
function subcommandTerm(command: Command): string {
  return `${command.name()} ${command.usage()}`.replace(/(?<!\|) (?:\[|--).*$/, "");
}

interface Context {
  readonly rest: readonly string[] | undefined;
  readonly outcome: Outcome;
}

function commandOf(spec: CommandSpec, parent: string, context: Context): Command {
  const command = new Command(spec.name).usage(spec.usage).summary(spec.summary);
  command.description(
    spec.description.length === 0 ? spec.summary : `${spec.summary}. ${plain(spec.description.join("\n\n"))}`,
  );
  for (const { name, doc } of spec.operands) command.argument(name, plain(doc));
  for (const option of spec.options) command.addOption(optionOf(option));
  for (const one of spec.commands ?? []) command.addCommand(commandOf(one, `${parent} ${spec.name}`, context));
  if (spec.examples.length > 0) command.addHelpText("after", `\n${examplesOf(spec.examples)}`);
  const { load } = spec;
  if (load === undefined) return command;
  return command.action(async (...given: unknown[]) => {
    if (context.rest !== undefined && spec.rest !== true) throw usage(`${parent} ${spec.name} takes nothing after --.`);
    const action = await load();
    context.outcome.code = await action(invocationOf(command, given.slice(0, spec.operands.length), context.rest));
  });
}

function invocationOf(command: Command, operands: readonly unknown[], rest: readonly string[] | undefined): Invocation {
  const words = operands.flat().filter((one) => typeof one === "string");
  return { operands: words, options: command.opts(), rest };
}

function optionOf({ flags, doc, env, default: shown, many, choices }: OptionSpec): Option {
  const notes = [
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(shown === undefined ? [] : [`default: ${shown}`]),
    ...(env === undefined ? [] : [env]),
    ...(many === true ? ["may be repeated"] : []),
  ];
  const option = new Option(flags, `${plain(doc)}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`);
  if (many === true) option.argParser((value, before: unknown) => [...(Array.isArray(before) ? before : []), value]);
  if (choices !== undefined) option.argParser((value) => chosen(value, choices, optionName(flags)));
  return option;
}

function chosen(value: string, choices: readonly string[], name: string): string {
  if (choices.includes(value)) return value;
  throw usage(`--${name}: ${JSON.stringify(value)} is none of ${choices.join(", ")}.`);
}

/** Documentation is Markdown; help is not. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

function examplesOf(examples: CommandSpec["examples"]): string {
  return ["Examples:", ...examples.flatMap(({ line, doc }) => [`  # ${doc}`, `  ${line}`])].join("\n");
}

function exitCodes(): string {
  return ["Exit codes:", ...EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`)].join(
    "\n",
  );
}

function withHint(text: string, command: string): string {
  const { red } = paletteOf(process.stderr);
  return `${text.replace(/^error: /, `${red("error:")} `).trimEnd()}\n${command} --help shows what there is.\n`;
}

function report(error: unknown): ExitCode {
  const { red } = paletteOf(process.stderr);
  const say = (message: string, hint?: string) => {
    const lines = [`${red("error:")} ${harmless(message)}`, ...(hint === undefined ? [] : [harmless(hint)])];
    process.stderr.write(`${lines.join("\n")}\n`);
  };
  if (error instanceof CliError) {
    say(error.message, error.hint);
    return error.exitCode;
  }
  // Errors of the package say what to do themselves; the package may be another copy than ours.
  if (error instanceof Error && error.name === "HoldfastError") {
    say(error.message);
    return (error as { code?: unknown }).code === "ERR_ADDRESS_IN_USE" ? EXIT.failed : EXIT.usage;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}
