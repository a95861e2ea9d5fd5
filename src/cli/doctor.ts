import { type CheckName, type DoctorOptions, examine } from "../doctor/index.js";
import { headersOf } from "./connection-options.js";
import { doctorLocal } from "./doctor-local.js";
import { tell } from "./doctor-report.js";
import { usage } from "./errors.js";
import type { Action, Invocation } from "./spec.js";

/** `holdfast doctor URL`: each finding as it is made, then what they amount to. */
export const doctor: Action = async (invocation) => {
  const { operands, options, rest } = invocation;
  if (options.local === true) return doctorLocal(invocation);
  const [url] = operands;
  if (rest !== undefined || url === undefined || !/^https?:\/\//.test(url)) {
    throw usage(
      "doctor needs the URL of an MCP endpoint, or --local and a server on stdio.",
      "For example: holdfast doctor https://example.com/mcp\nor: holdfast doctor --local server.ts",
    );
  }
  return tell({ url }, (onProgress) => examine(url, { ...optionsOf(options), onProgress }), options);
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
