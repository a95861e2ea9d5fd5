import {
  type CheckName,
  type DoctorOptions,
  examine,
  exitCodeOf,
  type Finding,
  isFault,
  type Mend,
} from "../doctor/index.js";
import { headersOf } from "./connection-options.js";
import { type ExitCode, usage } from "./errors.js";
import type { Action, Invocation } from "./spec.js";
import { harmless, type Palette, paletteOf } from "./terminal.js";

/** `holdfast doctor URL`: each finding as it is made, then what they amount to. */
export const doctor: Action = async ({ operands, options }) => {
  const [url] = operands;
  if (url === undefined || !/^https?:\/\//.test(url)) {
    throw usage("doctor needs the URL of an MCP endpoint.", "For example: holdfast doctor https://example.com/mcp");
  }
  const json = options.json === true;
  const findings: Finding[] = [];
  try {
    for await (const finding of examine(url, optionsOf(options))) {
      findings.push(finding);
      if (!json && (isFault(finding) || options.verbose === true)) process.stdout.write(report(finding));
    }
  } catch (error) {
    if (error instanceof TypeError) throw usage(error.message);
    throw error;
  }
  const exitCode = exitCodeOf(findings) as ExitCode;
  if (json) process.stdout.write(`${JSON.stringify({ url, findings, exitCode }, undefined, 2)}\n`);
  else process.stdout.write(summary(findings));
  return exitCode;
};

function optionsOf(options: Invocation["options"]): DoctorOptions {
  const seconds = (name: string) =>
    typeof options[name] === "string" ? { ms: Number(options[name]) * 1000 } : undefined;
  const text = (name: string) => (typeof options[name] === "string" ? (options[name] as string) : undefined);
  const [idle, firstEvent, answer] = [seconds("idle"), seconds("firstEvent"), seconds("timeout")];
  const [direct, origin, tool] = [text("direct"), text("origin"), text("tool")];
  return {
    headers: allHeaders(options),
    ...(direct !== undefined && { direct }),
    ...(origin !== undefined && { origin }),
    ...(tool !== undefined && { tool: { name: tool } }),
    ...(Array.isArray(options.check) && { checks: options.check as CheckName[] }),
    ...(idle && { idleMs: idle.ms }),
    ...(firstEvent && { firstEventMs: firstEvent.ms }),
    ...(answer && { answerMs: answer.ms }),
  };
}

function allHeaders({ header, token }: Invocation["options"]): Readonly<Record<string, string>> {
  const bearer = typeof token === "string" ? token : process.env.MCP_TOKEN;
  const given = headersOf((header as readonly string[] | undefined) ?? []);
  return bearer ? { authorization: `Bearer ${bearer}`, ...given } : given;
}

/** What was seen, what clients would see, why, and the lines that mend it. */
function report(finding: Finding): string {
  const palette = paletteOf(process.stdout);
  const { id, seen, client, why, revision, hop, mend = {} } = finding;
  const where = [revision, hop].filter(Boolean).join(", ");
  const lines = [`${mark(finding, palette)} ${palette.bold(id)}${where && ` (${where})`}: ${harmless(seen)}`];
  if (client !== undefined) lines.push(`  ${client}`);
  if (why !== undefined) lines.push(`  ${palette.dim(why)}`);
  for (const [name, line] of Object.entries(mend as Mend)) {
    lines.push(
      `  ${palette.cyan(name)}`,
      ...String(line)
        .split("\n")
        .map((one) => `    ${one}`),
    );
  }
  return `${lines.join("\n")}\n\n`;
}

function mark({ severity }: Finding, { red, cyan, green, dim }: Palette): string {
  if (severity === "error") return red("error");
  if (severity === "warning") return cyan("warning");
  return severity === "ok" ? green("ok") : dim("info");
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Finding["severity"]) => findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, sound] = [count("error"), count("warning"), count("ok")];
  return `${errors} errors, ${warnings} warnings, ${sound} things sound\n`;
}
