import type { Implementation, Prompt, Resource, ServerCapabilities, Tool } from "@modelcontextprotocol/client";
import type { Offer } from "./list.js";
import { dereferenced, isObject, propertiesOf, requiredOf, typeName } from "./signature.js";
import { harmless, oneLine, paletteOf, table } from "./terminal.js";

export interface Report extends Offer {
  readonly target: string;
  /** Spoken on this connection. */
  readonly revision: string;
  /** All that the server says it speaks; older servers do not say. */
  readonly revisions: readonly string[];
  readonly transports: readonly { readonly name: "stdio" | "http" | "sse"; readonly url?: string }[];
  readonly server?: Implementation;
  readonly instructions?: string;
  readonly capabilities: ServerCapabilities;
  readonly auth?: {
    readonly required: boolean;
    readonly challenge?: string;
    readonly metadataUrl?: string;
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
}

const TRANSPORT_NAMES = { stdio: "stdio", http: "Streamable HTTP", sse: "HTTP+SSE" } as const;

export function renderReport(report: Report): string {
  const { bold } = paletteOf(process.stdout);
  const parts = [
    table(overview(report)),
    ...section("Instructions", report.instructions === undefined ? [] : [indent(harmless(report.instructions))]),
    ...section("Tools", report.tools.map(toolText)),
    ...section("Resources", report.resources.map(resourceText)),
    ...section(
      "Resource templates",
      report.resourceTemplates.map((one) => resourceText({ ...one, uri: one.uriTemplate })),
    ),
    ...section("Prompts", report.prompts.map(promptText)),
  ];
  return `${bold(oneLine(report.target))}\n${parts.join("\n\n")}\n`;
}

export function renderAuth(auth: NonNullable<Report["auth"]>): string {
  return `${table(authRows(auth))}\n`;
}

function overview(report: Report): readonly (readonly string[])[] {
  const { server, revision, revisions, transports, capabilities, auth } = report;
  const { green } = paletteOf(process.stdout);
  const name = server === undefined ? [] : [["server", oneLine(`${server.title ?? server.name} ${server.version}`)]];
  return [
    ...name,
    [
      "revisions",
      revisions.map((one) => (one === revision ? green(`${oneLine(one)} (in use)`) : oneLine(one))).join(", "),
    ],
    ...transports.map(({ name, url }, index) => [
      index === 0 ? "transports" : "",
      `${TRANSPORT_NAMES[name]}${url === undefined ? "" : ` ${oneLine(url)}`}`,
    ]),
    ...(auth === undefined ? [] : authRows(auth)),
    ["capabilities", capabilitiesText(capabilities)],
  ];
}

function authRows({
  required,
  challenge,
  metadataUrl,
  metadata,
}: NonNullable<Report["auth"]>): readonly (readonly string[])[] {
  const list = (value: unknown) => (Array.isArray(value) ? oneLine(value.map(String).join(", ")) : undefined);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["auth", required ? "asked for (401 without credentials)" : "not asked for by the endpoint"],
    ["challenge", challenge === undefined ? undefined : oneLine(challenge)],
    ["metadata", metadataUrl === undefined ? undefined : oneLine(metadataUrl)],
    ["resource", typeof metadata?.resource === "string" ? oneLine(metadata.resource) : undefined],
    ["issuers", list(metadata?.authorization_servers)],
    ["scopes", list(metadata?.scopes_supported)],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** `tools (listChanged), logging` */
function capabilitiesText(capabilities: ServerCapabilities): string {
  const names = Object.entries(capabilities).map(([name, value]) => {
    const on = isObject(value) ? Object.entries(value).filter(([, one]) => one !== false) : [];
    return oneLine(on.length === 0 ? name : `${name} (${on.map(([key]) => key).join(", ")})`);
  });
  return names.length === 0 ? "none" : names.join(", ");
}

function section(title: string, entries: readonly string[]): readonly string[] {
  const { bold, dim } = paletteOf(process.stdout);
  if (entries.length === 0) return [];
  const count = title === "Instructions" ? "" : dim(` (${entries.length})`);
  return [`${bold(title)}${count}\n${entries.join("\n")}`];
}

function toolText({ name, title, description, inputSchema, outputSchema, annotations }: Tool): string {
  const { cyan, dim } = paletteOf(process.stdout);
  const hints = Object.entries(annotations ?? {}).flatMap(([key, value]) =>
    value === true ? [key.replace(/Hint$/, "")] : [],
  );
  const heading = `  ${cyan(oneLine(name))}${title === undefined ? "" : `  ${oneLine(title)}`}${hints.length === 0 ? "" : dim(`  [${oneLine(hints.join(", "))}]`)}`;
  const schema = dereferenced(inputSchema, inputSchema);
  const required = new Set(requiredOf(schema));
  const rows = Object.entries(propertiesOf(schema)).map(([key, property]) => {
    const { description: about } = dereferenced(property, inputSchema);
    return [
      `  ${oneLine(key)}${required.has(key) ? "" : "?"}`,
      dim(typeName(property, inputSchema)),
      typeof about === "string" ? oneLine(about) : "",
    ];
  });
  const output = outputSchema === undefined ? [] : [dim(`    → ${membersText(outputSchema)}`)];
  return [heading, ...about(description), ...(rows.length === 0 ? [] : [table(rows)]), ...output].join("\n");
}

function membersText(schema: unknown): string {
  const object = dereferenced(schema, schema);
  const members = Object.entries(propertiesOf(object)).map(
    ([name, property]) => `${oneLine(name)}: ${typeName(property, schema)}`,
  );
  return members.length === 0 ? typeName(schema, schema) : `{ ${members.join(", ")} }`;
}

function resourceText({
  uri,
  name,
  title,
  description,
  mimeType,
}: Pick<Resource, "uri" | "name" | "title" | "description" | "mimeType">): string {
  const { cyan, dim } = paletteOf(process.stdout);
  const kind = mimeType === undefined ? "" : dim(`  ${oneLine(mimeType)}`);
  return [`  ${cyan(oneLine(uri))}  ${oneLine(title ?? name)}${kind}`, ...about(description)].join("\n");
}

function promptText({ name, title, description, arguments: all = [] }: Prompt): string {
  const { cyan } = paletteOf(process.stdout);
  const heading = `  ${cyan(oneLine(name))}${title === undefined ? "" : `  ${oneLine(title)}`}`;
  const rows = all.map((one) => [
    `  ${oneLine(one.name)}${one.required === true ? "" : "?"}`,
    oneLine(one.description ?? ""),
  ]);
  return [heading, ...about(description), ...(rows.length === 0 ? [] : [table(rows)])].join("\n");
}

function about(description: string | undefined): readonly string[] {
  return description === undefined || description === "" ? [] : [indent(harmless(description), "    ")];
}

function indent(text: string, by = "  "): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `${by}${line}`.trimEnd())
    .join("\n");
}
