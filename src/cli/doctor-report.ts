/** What the doctor found, as people and programs read it. */
import { type DoctorProgress, exitCodeOf, type Finding, isFault } from "../doctor/index.js";
import { type ExitCode, usage } from "./errors.js";
import type { Invocation } from "./spec.js";
import { harmless, type Palette, ProgressLine, paletteOf, printable, wrapped } from "./terminal.js";

type Found = Finding<string, object>;
export type OnProgress = (at: DoctorProgress) => void;

/** How the programs that `mend` has lines for name themselves in `Server`; HAProxy does not. */
const PROXIES: readonly (readonly [RegExp, string])[] = [
  [/^(nginx|openresty)/i, "nginx"],
  [/^caddy/i, "caddy"],
];

/** Each finding as it is made, then what they amount to. `patient` says in JSON who was examined. */
export async function tell(
  patient: object,
  examine: (onProgress: OnProgress) => AsyncIterable<Found>,
  { json, verbose }: Invocation["options"],
): Promise<ExitCode> {
  const findings: Found[] = [];
  const line = new ProgressLine();
  const report = new Report(verbose === true);
  const onProgress: OnProgress = ({ check, done, total, server }) => {
    report.server = server;
    line.show({ progress: done, total, message: check });
  };
  try {
    for await (const finding of examine(onProgress)) {
      findings.push(finding);
      if (json === true || !(isFault(finding) || verbose === true)) continue;
      line.clear();
      process.stdout.write(report.of(finding));
    }
  } catch (error) {
    if (error instanceof TypeError) throw usage(error.message);
    throw error;
  } finally {
    line.clear();
  }
  const exitCode = exitCodeOf(findings) as ExitCode;
  if (json === true)
    process.stdout.write(`${printable(JSON.stringify({ ...patient, findings, exitCode }, undefined, 2))}\n`);
  else process.stdout.write(summary(findings, report.hidden));
  return exitCode;
}

class Report {
  readonly #palette = paletteOf(process.stdout);
  readonly #told = new Set<string>();
  readonly #verbose: boolean;
  /** How the hop nearest to us calls itself. */
  server: string | undefined;
  /** Lines for other proxies were left out. */
  hidden = false;

  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  /** What was seen, what clients would see, why, and the lines that mend it; the same fault again in one line. */
  of(finding: Found): string {
    const { bold, dim } = this.#palette;
    const { id, seen, client, why, revision, hop, mend = {} } = finding;
    const where = [revision, hop].filter(Boolean).join(", ");
    const head = `${mark(finding, this.#palette)} ${bold(id)}${where && ` (${where})`}: `;
    const lines = wrapped(head + harmless(seen), "  ");
    const key = JSON.stringify([id, client, why, mend]);
    const again = isFault(finding) && this.#told.has(key);
    this.#told.add(key);
    if (again) return `${lines.join("\n")}\n  ${dim("mended as above")}\n\n`;
    if (client !== undefined) lines.push(...wrapped(`  ${client}`, "  "));
    if (why !== undefined) lines.push(...wrapped(`  ${why}`, "  ").map(dim));
    lines.push(...this.#mendOf(mend));
    return `${lines.join("\n")}\n\n`;
  }

  /** Of the proxy that is there, where it says which it is. */
  #mendOf(mend: object): readonly string[] {
    const named = PROXIES.find(([name]) => name.test(this.server ?? ""))?.[1];
    const all = Object.entries(mend);
    const own = all.filter(([name]) => named === undefined || !(named in mend) || name === named || name === "server");
    const shown = this.#verbose ? all : own;
    this.hidden ||= shown.length < all.length;
    return shown.flatMap(([name, text]) => [
      `  ${this.#palette.cyan(name)}`,
      ...String(text)
        .split("\n")
        .map((one) => `    ${one}`),
    ]);
  }
}

function mark({ severity }: Found, { red, cyan, green, dim }: Palette): string {
  if (severity === "error") return red("error");
  if (severity === "warning") return cyan("warning");
  return severity === "ok" ? green("ok") : dim("info");
}

function summary(findings: readonly Found[], hidden: boolean): string {
  const count = (severity: Found["severity"]) => findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, sound] = [count("error"), count("warning"), count("ok")];
  const more = hidden ? "; --verbose has the lines for other proxies" : "";
  return `${counted(errors, "error")}, ${counted(warnings, "warning")}, ${counted(sound, "thing")} sound${more}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
