/** Files that every project has, whatever its template. */
import type { ProjectFacts, ProjectFile } from "./types.js";
import { NODE_RANGE, OVERRIDES, VERSIONS } from "./versions.js";

type Package = keyof typeof VERSIONS;

interface ManifestParts {
  readonly description: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: readonly Package[];
  readonly devDependencies: readonly Package[];
}

export function manifest({ name, holdfast }: ProjectFacts, parts: ManifestParts): ProjectFile {
  const { description, scripts, dependencies, devDependencies } = parts;
  const content = {
    name,
    version: "0.1.0",
    private: true,
    description,
    type: "module",
    engines: { node: NODE_RANGE },
    scripts,
    dependencies: sorted({ holdfast, ...versionsOf(dependencies) }),
    devDependencies: sorted(versionsOf(devDependencies)),
    overrides: OVERRIDES,
  };
  return { path: "package.json", content: json(content) };
}

function versionsOf(names: readonly Package[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, VERSIONS[name]]));
}

/** As npm orders them when it writes the file. */
function sorted(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const TSCONFIG = {
  compilerOptions: {
    target: "ES2023",
    lib: ["ES2023"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["src", "test"],
};

const EDITORCONFIG = `root = true

[*]
charset = utf-8
end_of_line = lf
indent_style = space
indent_size = 2
insert_final_newline = true
trim_trailing_whitespace = true
`;

/** `vendor/` is not ignored: where it is there, the lock file names what is in it. */
export const COMMON: readonly ProjectFile[] = [
  { path: "tsconfig.json", content: json(TSCONFIG) },
  { path: ".gitignore", content: "node_modules/\ndist/\ndata/\n.env\n.env.*\n*.log\n" },
  { path: ".editorconfig", content: EDITORCONFIG },
];
