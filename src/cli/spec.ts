/** Commands as data: the parser, the help and docs/cli.md are made from the same rows. */
import type { ExitCode } from "./errors.js";

export interface OptionSpec {
  /** As it is typed, e.g. `--port <port>`; a name without a value is a switch. */
  readonly flags: string;
  readonly doc: string;
  /** Where else the value comes from. */
  readonly env?: string;
  /** As shown; the command itself knows what to do without a value. */
  readonly default?: string;
  /** May be given several times; the value is a list. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
}

export interface OperandSpec {
  /** As commander has it, e.g. `[words...]`. */
  readonly name: string;
  readonly doc: string;
}

export interface ExampleSpec {
  readonly line: string;
  readonly doc: string;
}

/** What a command gets. */
export interface Invocation {
  readonly operands: readonly string[];
  /** By their names in camelCase. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What stood after `--`, or undefined where there was none. */
  readonly rest: readonly string[] | undefined;
}

/** How to exit, or undefined while something is still being served. */
export type Action = (invocation: Invocation) => Promise<ExitCode | undefined>;

export interface CommandSpec {
  readonly name: string;
  /** The operands as shown in the usage line, where those of the parser do not say it. */
  readonly usage: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly operands: readonly OperandSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly ExampleSpec[];
  /** Whether words after `--` mean something. */
  readonly rest?: boolean;
  readonly commands?: readonly CommandSpec[];
  /** Loads what does the work; a command that has commands of its own has none. */
  readonly load?: () => Promise<Action>;
}

/** `--allow-unauthenticated` is `allowUnauthenticated`. */
export function optionName(flags: string): string {
  const long = /--(?:no-)?([\w-]+)/.exec(flags)?.[1] ?? flags;
  return long.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export const JSON_OPTION: OptionSpec = { flags: "--json", doc: "Print JSON, for programs" };
