import { ErrorCode, McpError } from "../../errors.js";
import { TASKS_CAPABILITY } from "../../protocol/revisions/2026-07-28/tasks.js";
import { type Revision, SUPPORTED_VERSIONS } from "../../protocol/revisions/index.js";
import { own } from "../../util/json.js";
import { jsonText } from "../../util/json-text.js";
import type { App } from "../app.js";
import type { Call } from "../call.js";
import type { Catalogue } from "../catalogue.js";
import { isLoggingLevel } from "../session.js";
import { listCache } from "./pages.js";

/** What this server can do now, in the terms of the specification. */
export function capabilitiesOf(app: App): Record<string, object> {
  const { templates, prompts } = app.catalogue;
  const completes =
    prompts.entries.some((one) => Object.keys(one.complete).length > 0) ||
    templates.entries.some((one) => Object.keys(one.template.complete).length > 0);
  return {
    logging: {},
    ...(app.offers("tools") && { tools: { listChanged: true } }),
    ...(app.offers("resources") && { resources: { subscribe: true, listChanged: true } }),
    ...(app.offers("prompts") && { prompts: { listChanged: true } }),
    ...(completes && { completions: {} }),
  };
}

/** Results of `initialize`, which say the same to everybody until a registration changes. */
const INITIALIZE_RESULTS = new WeakMap<Catalogue, Map<Revision, string>>();

/** The result of `initialize` (legacy era), as JSON. */
export function initializeResult(app: App, revision: Revision): string {
  let results = INITIALIZE_RESULTS.get(app.catalogue);
  if (results === undefined) {
    results = new Map();
    INITIALIZE_RESULTS.set(app.catalogue, results);
  }
  let text = results.get(revision);
  if (text === undefined) {
    const capabilities = revision.capabilities(capabilitiesOf(app));
    const serverInfo = revision.implementation(app.info);
    const { instructions } = app;
    text = jsonText({ protocolVersion: revision.version, capabilities, serverInfo, instructions });
    results.set(revision, text);
  }
  return text;
}

/** `server/discover` (2026-07-28): every version this endpoint speaks, legacy ones too. */
export function discover(call: Call): object {
  const { app, peer } = call;
  return {
    supportedVersions: SUPPORTED_VERSIONS,
    capabilities: peer.revision.capabilities({
      ...capabilitiesOf(app),
      ...(app.offers("tools") && TASKS_CAPABILITY),
    }),
    ...(app.instructions !== undefined && { instructions: app.instructions }),
    ...listCache(app, true),
  };
}

/** `ping` (legacy era). */
export function ping(): object {
  return {};
}

/** `logging/setLevel` (legacy era). Without a session there is nowhere to keep the level; it is accepted all the same. */
export function setLevel(call: Call): object {
  const level = own(call.params, "level");
  if (!isLoggingLevel(level)) {
    throw new McpError(ErrorCode.InvalidParams, "logging/setLevel: level must be one of the RFC 5424 severities");
  }
  if (call.peer.session !== undefined) call.peer.session.level = level;
  return {};
}
