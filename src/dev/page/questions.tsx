import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Json, Question } from "../page-types.js";
import { send } from "./api.js";
import { Members } from "./fields.js";
import { JsonField } from "./json-field.js";
import { JsonTree } from "./json-tree.js";
import { formOf, initialOf, plainSchema } from "./schema.js";

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

/** What the server wants to know, in front of everything else. */
export function Questions({ questions }: { readonly questions: readonly Question[] }): VNode | null {
  const [first] = questions;
  if (first === undefined) return null;
  const titles = {
    "elicitation/create": "The server asks",
    "sampling/createMessage": "The server asks for words of a model",
    "roots/list": "The server asks for your folders",
  };
  return (
    <div class="shade">
      <section class="question" role="dialog" aria-modal="true" aria-labelledby="question-title" key={first.id}>
        <h2 id="question-title">{titles[first.method]}</h2>
        {first.method === "elicitation/create" ? <Elicitation question={first} /> : <ByHand question={first} />}
      </section>
    </div>
  );
}

function Elicitation({ question: { id, params } }: { readonly question: Question }): VNode {
  const schema = plainSchema(params.requestedSchema, {});
  const form = formOf(schema, schema);
  const [value, setValue] = useState<unknown>(() => initialOf(schema, schema, true) ?? {});
  const answer = (action: "accept" | "decline" | "cancel") => {
    const content = action === "accept" && params.mode !== "url" ? { content: value as Json } : {};
    void send("answer", { id, result: { action, ...content } });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        answer("accept");
      }}
    >
      <p class="message">{String(params.message)}</p>
      {typeof params.url === "string" && (
        <p>
          It wants you to open <code>{params.url}</code>
        </p>
      )}
      {form.kind === "object" && (
        <Members
          members={form.members}
          root={schema}
          path="/ask"
          errors={NO_ERRORS}
          value={value}
          onChange={setValue}
        />
      )}
      <div class="actions">
        {/* The keyboard comes here when the question does. */}
        <button type="submit" ref={(button) => button?.focus()}>
          Accept
        </button>
        <button type="button" class="quiet" onClick={() => answer("decline")}>
          Decline
        </button>
        <button type="button" class="quiet" onClick={() => answer("cancel")}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Answered with the result as JSON: here is no model, and folders are for you to name. */
function ByHand({ question: { id, method, params } }: { readonly question: Question }): VNode {
  const [result, setResult] = useState<unknown>(() => (method === "roots/list" ? ROOTS : SAMPLE));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send("answer", { id, result: result as Json });
      }}
    >
      {Object.keys(params).length > 0 && <JsonTree value={params} open={3} />}
      <label for="question-json">Answer</label>
      <JsonField {...{ id: "question-json" }} rows={8} value={result} onChange={setResult} />
      <div class="actions">
        <button type="submit" ref={(button) => button?.focus()}>
          Answer
        </button>
        <button type="button" class="quiet" onClick={() => void send("answer", { id, refusal: "The user declined." })}>
          Decline
        </button>
      </div>
    </form>
  );
}

const ROOTS = { roots: [] };
const SAMPLE = { role: "assistant", content: { type: "text", text: "" }, model: "by hand", stopReason: "endTurn" };
