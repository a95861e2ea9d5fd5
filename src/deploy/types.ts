/** A file to be reviewed and put where it belongs. */
export interface GeneratedFile {
  /** Name relative to the directory that the files are written to. */
  readonly path: string;
  readonly content: string;
  /** Where it belongs on the machine and what to do then, for whoever runs the command. */
  readonly install: string;
}
