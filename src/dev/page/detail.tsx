import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Json, Offer, PromptFacts, ResourceFacts, ToolFacts } from "../page-types.js";
import { send } from "./api.js";
import { Members } from "./fields.js";
import type { FieldProps } from "./inputs.js";
import { JsonField } from "./json-field.js";
import { JsonTree } from "./json-tree.js";
import { type FieldErrors, fieldErrorsOf } from "./messages.js";
import { CallResult } from "./result.js";
import { type FieldForm, formOf, initialOf, plainSchema } from "./schema.js";
import { type PageAction, type PageState, type Selection, selectionKey } from "./state.js";
import { templateSchema, uriOf } from "./template.js";

interface DetailProps {
  readonly state: PageState;
  readonly dispatch: (action: PageAction) => void;
}

/** What is selected: its description, its form, its last call. */
export function Detail({ state, dispatch }: DetailProps): VNode {
  const { selected, offer } = state;
  const subject = selected === undefined || offer === undefined ? undefined : subjectOf(selected, offer);
  if (selected === undefined || subject === undefined) {
    return (
      <main class="detail">
        <p class="empty">{offer === undefined ? "" : "Nothing is selected, or it is gone."}</p>
      </main>
    );
  }
  const id = state.lastCalls.get(selectionKey(selected));
  const call = id === undefined ? undefined : state.calls.get(id);
  const start = (given: Json) => {
    const begun = crypto.randomUUID();
    const { name, args } = subject.call(given);
    dispatch({ type: "begin", call: begun, kind: selected.kind, name });
    void send("call", { call: begun, kind: selected.kind, name, arguments: args });
  };
  return (
    <main class="detail">
      <h2>{subject.title}</h2>
      {subject.hints.length > 0 && (
        <p class="hints">
          {subject.hints.map((hint) => (
            <span class="hint" key={hint}>
              {hint}
            </span>
          ))}
        </p>
      )}
      {subject.description !== undefined && <p class="description">{subject.description}</p>}
      <CallForm
        key={selectionKey(selected)}
        schema={subject.schema}
        verb={subject.verb}
        running={call !== undefined && !call.done}
        errors={fieldErrorsOf(call?.result, call?.problem)}
        onCall={start}
      />
      {call !== undefined && id !== undefined && (
        <CallResult call={call} onCancel={() => void send("cancel", { call: id })} />
      )}
      {subject.outputSchema !== undefined && (
        <details class="raw">
          <summary>Output schema</summary>
          <JsonTree value={subject.outputSchema} open={3} />
        </details>
      )}
    </main>
  );
}

interface Subject {
  readonly title: string;
  readonly description: string | undefined;
  readonly hints: readonly string[];
  readonly schema: Json;
  readonly outputSchema: Json | undefined;
  readonly verb: string;
  readonly call: (given: Json) => { readonly name: string; readonly args: Json };
}

function subjectOf({ kind, name }: Selection, offer: Offer): Subject | undefined {
  if (kind === "tool") {
    const tool = offer.tools.find((one) => one.name === name);
    return tool === undefined ? undefined : toolSubject(tool);
  }
  if (kind === "prompt") {
    const prompt = offer.prompts.find((one) => one.name === name);
    return prompt === undefined ? undefined : promptSubject(prompt);
  }
  const all = [...offer.resources, ...offer.resourceTemplates];
  const resource = all.find((one) => (one.uri ?? one.uriTemplate) === name);
  return resource === undefined ? undefined : resourceSubject(resource, name);
}

function toolSubject({ name, title, description, inputSchema, outputSchema, annotations = {} }: ToolFacts): Subject {
  const hints = Object.entries(annotations).filter(([, value]) => typeof value === "boolean");
  return {
    title: title === undefined ? name : `${title} (${name})`,
    description,
    hints: hints.map(([hint, value]) => `${value === true ? "" : "not "}${hint.replace(/Hint$/, "")}`),
    schema: inputSchema,
    outputSchema,
    verb: "Call",
    call: (given) => ({ name, args: given }),
  };
}

function promptSubject({ name, title, description, arguments: all = [] }: PromptFacts): Subject {
  const properties = Object.fromEntries(
    all.map(({ name: one, description: about }) => [one, { type: "string", description: about }]),
  );
  const required = all.filter((one) => one.required === true).map((one) => one.name);
  return {
    title: title === undefined ? name : `${title} (${name})`,
    description,
    hints: [],
    schema: { type: "object", properties, required },
    outputSchema: undefined,
    verb: "Get",
    call: (given) => ({ name, args: given }),
  };
}

function resourceSubject(resource: ResourceFacts, name: string): Subject {
  const { title, description, mimeType } = resource;
  return {
    title: title ?? resource.name,
    description: [name, description].filter(Boolean).join("\n"),
    hints: mimeType === undefined ? [] : [mimeType],
    schema: templateSchema(resource.uriTemplate),
    outputSchema: undefined,
    verb: "Read",
    call: (given) => ({ name: uriOf(name, given), args: {} }),
  };
}

/** A tool that names no arguments takes none, whatever its schema would let pass. */
function argumentsForm(schema: Json, root: Json): FieldForm {
  const { properties, additionalProperties, patternProperties } = schema;
  const takesNone = [properties, additionalProperties, patternProperties].every((one) => one === undefined);
  return takesNone && schema.type === "object" ? { kind: "object", members: [] } : formOf(schema, root);
}

interface CallFormProps {
  readonly schema: Json;
  readonly verb: string;
  readonly running: boolean;
  readonly errors: FieldErrors;
  readonly onCall: (given: Json) => void;
}

function CallForm({ schema: given, verb, running, errors, onCall }: CallFormProps): VNode {
  const schema = plainSchema(given, given);
  const form = argumentsForm(schema, given);
  const [value, setValue] = useState<unknown>(() => initialOf(schema, given, true) ?? {});
  const [asJson, setAsJson] = useState(form.kind !== "object");
  const fields: Pick<FieldProps, "root" | "path" | "errors" | "value" | "onChange"> = {
    root: given,
    path: "",
    errors,
    value,
    onChange: setValue,
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onCall((value ?? {}) as Json);
      }}
    >
      {asJson || form.kind !== "object" ? (
        <div class="field">
          <label for="arguments">Arguments</label>
          <JsonField {...{ id: "arguments" }} rows={8} value={value} onChange={setValue} />
        </div>
      ) : (
        <Members {...fields} members={form.members} />
      )}
      <div class="actions">
        <button type="submit" disabled={running}>
          {verb}
        </button>
        {form.kind === "object" && (
          <button type="button" class="quiet" onClick={() => setAsJson(!asJson)}>
            {asJson ? "As a form" : "As JSON"}
          </button>
        )}
      </div>
    </form>
  );
}
