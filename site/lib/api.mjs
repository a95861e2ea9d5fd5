/** The API reference: a page for every export of every entry of package.json, made from the sources by TypeDoc. */
import { existsSync } from "node:fs";
import { Application, Converter, LogLevel, ReflectionKind } from "typedoc";
import { manifest, PAGES, ROOT, SITE } from "./places.mjs";

/**
 * Types that signatures name and that nobody writes down: inference inside, or a value that is only handed on. Everything
 * else that a signature names must be exported.
 */
const INSIDE = [
  "src/server/schema/types.ts:Types",
  "src/server/schema/types.ts:Loosen",
  "src/mcp-server.ts:AnyToolConfig",
  "src/mcp-server.ts:Awaitable",
  "src/server/types.ts:Awaitable",
  "src/runtimes/run-options.ts:TRANSPORTS",
  "src/protocol/uri-template.ts:UriTemplate",
  "src/protocol/revisions/types.ts:Revision",
];

/** Entries of `exports`: what one imports, which is also the folder of its pages, and the source. */
export function modules() {
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([entry, { types }]) => ({
      name: entry === "." ? manifest.name : `${manifest.name}${entry.slice(1)}`,
      source: types.replace("./dist/", `${ROOT}src/`).replace(/\.d\.ts$/, ".ts"),
    }));
}

/**
 * Reads the sources. Everything TypeDoc warns of is an error: links that lead nowhere, types that a signature names and
 * the package does not export.
 */
async function read() {
  const entries = modules();
  const missing = entries.filter(({ source }) => !existsSync(source)).map(({ name }) => name);
  if (missing.length > 0) throw new Error(`site: no source is found for ${missing.join(", ")}; mend site/lib/api.mjs`);
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: entries.map(({ source }) => source),
    tsconfig: `${SITE}tsconfig.json`,
    basePath: ROOT,
    readme: "none",
    disableGit: true,
    disableSources: true,
    excludeInternal: true,
    excludeExternals: true,
    intentionallyNotExported: INSIDE,
    validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: false },
    logLevel: LogLevel.Warn,
    outputs: [{ name: "markdown", path: `${PAGES}api` }],
    router: "member",
    entryFileName: "index",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: true,
    indexFormat: "table",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    tableColumnSettings: {
      hideDefaults: true,
      hideSources: true,
      hideModifiers: true,
      hideInherited: true,
      hideOverrides: true,
    },
    pageTitleTemplates: { index: "API", module: "{name}", member: "{name}" },
    sanitizeComments: true,
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const [index, module] of project.children.entries()) module.name = entries[index].name;
  });
  const project = await app.convert();
  if (project !== undefined) app.validate(project);
  if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error("site: TypeDoc has found something; see above. Types that a signature names are to be exported");
  return { app, project };
}

/** Writes the pages. */
export async function generateApi() {
  const { app, project } = await read();
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error("site: TypeDoc has found something; see above");
  return describe(project);
}

/** Every export, with whether its docstring has a summary and an example. */
function describe(project) {
  return project.children.flatMap((module) =>
    (module.children ?? []).map((reflection) => {
      const comments = [reflection, ...(reflection.signatures ?? [])].map(({ comment }) => comment).filter(Boolean);
      return {
        module: module.name,
        name: reflection.name,
        kind: ReflectionKind[reflection.kind],
        summary: comments.some(({ summary }) => summary.length > 0),
        example: comments.some(({ blockTags }) => blockTags.some(({ tag }) => tag === "@example")),
      };
    }),
  );
}
