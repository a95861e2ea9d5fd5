import { HoldfastError } from "../errors.js";

/** Checks of options that come from configuration. What they throw names the option and repeats no value: it may be a secret. */
export class OptionChecks {
  readonly #of: string;

  /** @param of what the options are for, e.g. `apiKeys()`. */
  constructor(of: string) {
    this.#of = of;
  }

  wrong(text: string): HoldfastError {
    return new HoldfastError("ERR_CONFIG", `${this.#of}: ${text}`);
  }

  /** A misspelt option must not leave a check out. */
  known<T extends object>(options: T, names: ReadonlySet<string>): T {
    if (typeof options !== "object" || options === null || Array.isArray(options)) throw this.wrong("needs options");
    const unknown = Object.keys(options).find((name) => !names.has(name));
    if (unknown === undefined) return options;
    throw this.wrong(`unknown option ${unknown}. Options: ${[...names].join(", ")}`);
  }

  text(value: unknown, name: string): string {
    if (typeof value === "string" && value !== "") return value;
    throw this.wrong(`${name} must be a text`);
  }

  /** One text or several. */
  texts(value: unknown, name: string): readonly string[] {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0) throw this.wrong(`${name} is an empty list`);
    return [...new Set(list.map((one) => this.text(one, name)))];
  }

  /** A list of names, empty or not, that nobody changes later. */
  names(value: unknown, name: string): readonly string[] {
    if (Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "")) {
      return Object.freeze([...(value as readonly string[])]);
    }
    throw this.wrong(`${name} must be a list of names`);
  }

  /** A number that is not negative; `Infinity` where a bound may be lifted. */
  number(value: unknown, name: string): number {
    if (typeof value === "number" && value >= 0) return value;
    throw this.wrong(`${name} must be a number, 0 or more`);
  }

  /** The name of a header in lower case: a token (RFC 9110, section 5.1). */
  header(value: unknown, name: string): string {
    if (typeof value === "string" && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)) return value.toLowerCase();
    throw this.wrong(`${name} must be the name of a header`);
  }
}
