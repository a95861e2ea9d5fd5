/** What a project is made from. */
export interface ProjectFacts {
  /** Of the package, as npm has it. */
  readonly name: string;
  /** What package.json says after `"holdfast":`. */
  readonly holdfast: string;
  /** Hash of the first API key; for templates that have keys. */
  readonly keyHash: string;
  /** The key itself and a seal secret: for `.env`, which git does not take. */
  readonly key: string;
  readonly secret: string;
}

export interface ProjectFile {
  /** Below the project's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  /** Others must not read it. */
  readonly secret?: true;
}
