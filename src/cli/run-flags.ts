/** The options of `run()` as flags, made from the table that the environment and the documentation are made from. */
import { RUN_OPTIONS, type RunOptions } from "../runtimes/run-options.js";
import { type OptionSpec, optionName } from "./spec.js";

type RunOptionName = keyof typeof RUN_OPTIONS;

const NAMES = Object.keys(RUN_OPTIONS) as readonly RunOptionName[];

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What stands for the value in the help. */
const PLACEHOLDERS: Readonly<Partial<Record<RunOptionName, string>>> = {
  transport: "names",
  graceMs: "ms",
  permissions: "names",
  subject: "name",
};

export const RUN_FLAGS: readonly OptionSpec[] = NAMES.map((name) => {
  const { env, doc, default: value } = RUN_OPTIONS[name];
  const shown = [value].flat().join(",");
  const common = { env, ...(shown !== "" && { default: shown }) };
  // A switch that is on can only be turned off.
  if (value === true)
    return { flags: `--no-${kebab(name)}`, doc: `Do not ${doc.charAt(0).toLowerCase()}${doc.slice(1)}`, env };
  if (value === false) return { flags: `--${kebab(name)}`, doc, ...common };
  return { flags: `--${kebab(name)} <${PLACEHOLDERS[name] ?? kebab(name)}>`, doc, ...common };
});

/** What was given on the command line, checked. @throws HoldfastError that names the flag. */
export function runOptionsOf(options: Readonly<Record<string, unknown>>): RunOptions {
  const given: Record<string, unknown> = {};
  for (const [index, name] of NAMES.entries()) {
    const flag = RUN_FLAGS[index];
    const value = flag === undefined ? undefined : options[optionName(flag.flags)];
    // The parser gives a `--no-` switch its default, which says nothing.
    if (value === undefined || (value === true && RUN_OPTIONS[name].default === true)) continue;
    given[name] = RUN_OPTIONS[name].parse(value, `--${kebab(name)}`);
  }
  return given;
}

/** The same as variables, for a file that calls `run()` itself. */
export function runEnvironmentOf(options: RunOptions): Readonly<Record<string, string>> {
  const entries = NAMES.filter((name) => options[name] !== undefined);
  return Object.fromEntries(entries.map((name) => [RUN_OPTIONS[name].env, textOf(options[name])]));
}

/** An empty variable counts as not set, so that "no permissions" must not become "all": a list of nothing is a comma. */
function textOf(value: unknown): string {
  return Array.isArray(value) && value.length === 0 ? "," : [value].flat().join(",");
}
