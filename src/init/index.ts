/** Projects that pass their own tests, as files. */
import { basicFiles } from "./basic.js";
import { httpFiles } from "./http.js";
import type { ProjectFacts, ProjectFile } from "./types.js";

export { nameFor, nameProblem } from "./names.js";
export type { ProjectFacts, ProjectFile } from "./types.js";
export { NODE_RANGE, OVERRIDES, VERSIONS } from "./versions.js";

export type TemplateName = "basic" | "http";

interface Template {
  readonly about: string;
  readonly files: (facts: ProjectFacts) => readonly ProjectFile[];
}

const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  basic: { about: "one file, for clients that start the server and for loopback", files: basicFiles },
  http: { about: "API keys, a durable store, files for systemd and Docker", files: httpFiles },
};

export const TEMPLATE_NAMES: readonly TemplateName[] = Object.keys(TEMPLATES) as TemplateName[];

export function templateAbout(name: TemplateName): string {
  return TEMPLATES[name].about;
}

/** The files of a project; only `package-lock.json` and what is in `vendor/` are npm's to make. */
export function projectFiles(template: TemplateName, facts: ProjectFacts): readonly ProjectFile[] {
  return TEMPLATES[template].files(facts);
}
