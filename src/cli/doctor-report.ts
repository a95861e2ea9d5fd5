/** What the doctor found, as people and programs read it. */
import { exitCodeOf, type Finding, isFault } from "../doctor/index.js";
import { type ExitCode, usage } from "./errors.js";
import type { Invocation } from "./spec.js";
import { harmless, type Palette, paletteOf } from "./terminal.js";

type Found = Finding<string, object>;

/** Each finding as it is made, then what they amount to. `patient` says in JSON who was examined. */
export async function tell(
  patient: object,
  examine: () => AsyncIterable<Found>,
  { json, verbose }: Invocation["options"],
): Promise<ExitCode> {
  const findings: Found[] = [];
  try {
    for await (const finding of examine()) {
      findings.push(finding);
      if (json !== true && (isFault(finding) || verbose === true)) process.stdout.write(report(finding));
    }
  } catch (error) {
    if (error instanceof TypeError) throw usage(error.message);
    throw error;
  }
  const exitCode = exitCodeOf(findings) as ExitCode;
  if (json === true) process.stdout.write(`${JSON.stringify({ ...patient, findings, exitCode }, undefined, 2)}\n`);
  else process.stdout.write(summary(findings));
  return exitCode;
}

/** What was seen, what clients would see, why, and the lines that mend it. */
function report(finding: Found): string {
  const palette = paletteOf(process.stdout);
  const { id, seen, client, why, revision, hop, mend = {} } = finding;
  const where = [revision, hop].filter(Boolean).join(", ");
  const lines = [`${mark(finding, palette)} ${palette.bold(id)}${where && ` (${where})`}: ${harmless(seen)}`];
  if (client !== undefined) lines.push(`  ${client}`);
  if (why !== undefined) lines.push(`  ${palette.dim(why)}`);
  for (const [name, line] of Object.entries(mend)) {
    lines.push(
      `  ${palette.cyan(name)}`,
      ...String(line)
        .split("\n")
        .map((one) => `    ${one}`),
    );
  }
  return `${lines.join("\n")}\n\n`;
}

function mark({ severity }: Found, { red, cyan, green, dim }: Palette): string {
  if (severity === "error") return red("error");
  if (severity === "warning") return cyan("warning");
  return severity === "ok" ? green("ok") : dim("info");
}

function summary(findings: readonly Found[]): string {
  const count = (severity: Found["severity"]) => findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, sound] = [count("error"), count("warning"), count("ok")];
  return `${errors} errors, ${warnings} warnings, ${sound} things sound\n`;
}
