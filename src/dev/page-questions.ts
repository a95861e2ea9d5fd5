/** What the server asks while it works, until somebody at the page answers. */
import type { Client } from "@modelcontextprotocol/client";
import type { Json, PageEvent, Question } from "./page-types.js";

interface Waiting {
  readonly question: Question;
  readonly answer: (result: Json) => void;
  readonly refuse: (error: Error) => void;
}

export class Questions {
  readonly #tell: (event: PageEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(tell: (event: PageEvent) => void) {
    this.#tell = tell;
  }

  get open(): readonly Question[] {
    return [...this.#waiting.values()].map(({ question }) => question);
  }

  /** Lets a client pass its server's questions on. */
  answerFor(client: Client): void {
    // What comes from the page is the answer as it is: a wrong one is worth trying too.
    client.setRequestHandler("elicitation/create", ({ params }, { mcpReq }) => {
      return this.#ask("elicitation/create", params as Json, mcpReq.signal) as never;
    });
    client.setRequestHandler("sampling/createMessage", ({ params }, { mcpReq }) => {
      return this.#ask("sampling/createMessage", params as Json, mcpReq.signal) as never;
    });
    client.setRequestHandler("roots/list", (_request, { mcpReq }) => {
      return this.#ask("roots/list", {}, mcpReq.signal) as never;
    });
  }

  answer(id: number, result: Json | undefined, refusal: string | undefined): void {
    const waiting = this.#waiting.get(id);
    if (result === undefined) waiting?.refuse(new Error(refusal ?? "The user declined."));
    else waiting?.answer(result);
  }

  refuseAll(why: string): void {
    for (const { refuse } of [...this.#waiting.values()]) refuse(new Error(why));
  }

  #ask(method: Question["method"], params: Json, signal: AbortSignal | undefined): Promise<Json> {
    this.#last += 1;
    const question = { id: this.#last, method, params };
    const answered = new Promise<Json>((answer, refuse) => {
      this.#waiting.set(question.id, { question, answer, refuse });
      signal?.addEventListener("abort", () => refuse(new Error("The question was withdrawn.")));
    });
    this.#tell({ type: "question", question });
    return answered.finally(() => {
      this.#waiting.delete(question.id);
      this.#tell({ type: "answered", id: question.id });
    });
  }
}
