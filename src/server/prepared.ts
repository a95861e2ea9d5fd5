/** A result whose JSON text is already there, e.g. a page of `tools/list` made once for all callers. */
export class Prepared {
  /** JSON text of an object, without the members that a revision adds to every result. */
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }

  /** The result as an object, for middleware. */
  get value(): object {
    return JSON.parse(this.json) as object;
  }
}
