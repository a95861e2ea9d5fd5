/** Why a configuration file was left as it is. */
export type InstallErrorCode =
  | "ERR_INSTALL_UNREADABLE"
  | "ERR_INSTALL_SYNTAX"
  | "ERR_INSTALL_SHAPE"
  | "ERR_INSTALL_CHANGED"
  | "ERR_INSTALL_WRITE"
  | "ERR_INSTALL_UNSUPPORTED"
  | "ERR_INSTALL_UNSAFE";

/** Nothing was changed; the message says what was found, the hint what to do about it. */
export class InstallError extends Error {
  override readonly name = "InstallError";
  readonly code: InstallErrorCode;
  readonly hint: string | undefined;

  constructor(code: InstallErrorCode, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}

/** Where in a text an offset is, counted from 1 as editors do. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
