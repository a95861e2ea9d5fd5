/** How the command ends; documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The tool, or the server, said no. */
  failed: 1,
  usage: 2,
  connection: 3,
  /** As shells have it for Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "it worked"],
  [EXIT.failed, "the tool reported an error, the server refused the request, or the server ended with an error"],
  [
    EXIT.usage,
    "the command line cannot be used: an unknown command, option, tool or argument, or a file without a server",
  ],
  [EXIT.connection, "the server could not be reached or started, asks for credentials, or did not answer in time"],
  [EXIT.interrupted, "Ctrl-C"],
];

/** What a user is told instead of a stack: what is wrong, and what to do about it. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  /** What to do, on lines of its own. */
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.hint = options.hint;
  }
}

export function usage(message: string, hint?: string): CliError {
  return new CliError(EXIT.usage, message, hint === undefined ? {} : { hint });
}
