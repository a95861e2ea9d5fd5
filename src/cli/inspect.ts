import { type Connection, connect } from "./connect.js";
import { connectionOptionsOf } from "./connection-options.js";
import { EXIT, usage } from "./errors.js";
import { type HttpFacts, httpFactsOf } from "./http-facts.js";
import { type Report, renderAuth, renderReport } from "./inspect-report.js";
import { offerOf } from "./list.js";
import type { Action } from "./spec.js";
import { type Target, targetOf } from "./target.js";
import { printable } from "./terminal.js";

export const inspect: Action = async (invocation) => {
  const { target, words } = targetOf(invocation);
  if (words.length > 0) throw usage(`inspect takes a target and nothing else: ${words.join(" ")}`);
  const options = connectionOptionsOf(invocation.options);
  const json = invocation.options.json === true;
  const facts = target.kind === "url" ? await httpFactsOf(target.url, options) : undefined;
  let connection: Connection;
  try {
    connection = await connect(target, options);
  } catch (error) {
    // Where tokens come from is what somebody without one wants to know.
    const auth = authOf(facts);
    if (auth?.required === true)
      process.stdout.write(
        json ? `${printable(JSON.stringify({ target: target.label, auth }, null, 2))}\n` : renderAuth(auth),
      );
    throw error;
  }
  try {
    const report = { ...reportOf(connection, target, facts), ...(await offerOf(connection, options.timeoutMs)) };
    process.stdout.write(json ? `${printable(JSON.stringify(report, null, 2))}\n` : renderReport(report));
    return EXIT.ok;
  } finally {
    await connection.close();
  }
};

type Facts = Omit<Report, "tools" | "resources" | "resourceTemplates" | "prompts">;

function reportOf({ client, revision, transport }: Connection, target: Target, facts: HttpFacts | undefined): Facts {
  const listed = client.getDiscoverResult()?.supportedVersions;
  const instructions = client.getInstructions();
  const server = client.getServerVersion();
  const auth = authOf(facts);
  return {
    target: target.label,
    revision,
    revisions: listed ?? [revision],
    transports: [
      { name: transport, ...(target.kind === "url" && { url: target.url.href }) },
      ...(facts?.sseUrl !== undefined && transport !== "sse" ? [{ name: "sse" as const, url: facts.sseUrl }] : []),
    ],
    ...(server !== undefined && { server }),
    ...(instructions !== undefined && { instructions }),
    capabilities: client.getServerCapabilities() ?? {},
    ...(auth !== undefined && { auth }),
  };
}

function authOf(facts: HttpFacts | undefined): Report["auth"] {
  if (facts?.asks === undefined) return undefined;
  const { asks, challenge, metadataUrl, metadata } = facts;
  return {
    required: asks,
    ...(challenge !== undefined && { challenge }),
    ...(metadataUrl !== undefined && { metadataUrl }),
    ...(metadata !== undefined && { metadata }),
  };
}
