/** Fields that hold no other fields, and what all fields have. */
import type { ComponentChildren, VNode } from "preact";
import type { Json } from "../page-types.js";
import { JsonField } from "./json-field.js";
import type { FieldErrors } from "./messages.js";
import type { FieldForm } from "./schema.js";

export interface FieldProps {
  readonly label: string;
  readonly schema: Json;
  readonly root: Json;
  readonly value: unknown;
  readonly required: boolean;
  /** JSON Pointer; the root is "". */
  readonly path: string;
  readonly errors: FieldErrors;
  readonly onChange: (value: unknown) => void;
}

export function idOf(path: string): string {
  return `field${path}`;
}

function describedBy({ path, errors }: Pick<FieldProps, "path" | "errors">): object {
  const wrong = errors.has(path);
  return { id: idOf(path), "aria-invalid": wrong, "aria-describedby": `${idOf(path)}-about` };
}

export function About({ schema, path, errors }: Pick<FieldProps, "schema" | "path" | "errors">): VNode {
  const error = errors.get(path);
  return (
    <div id={`${idOf(path)}-about`} class="about">
      {typeof schema.description === "string" && <span>{schema.description}</span>}
      {error !== undefined && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

export function Name({ label, schema, required }: Pick<FieldProps, "label" | "schema" | "required">): VNode {
  const type = [schema.type].flat().join(" | ");
  return (
    <>
      <span class="name">{label}</span>
      {required && (
        <span class="required" title="required">
          required
        </span>
      )}
      <span class="type">{type === "" ? "any" : type}</span>
    </>
  );
}

export function Frame(props: FieldProps & { readonly children: ComponentChildren }): VNode {
  return (
    <div class="field">
      <label for={idOf(props.path)}>
        <Name {...props} />
      </label>
      {props.children}
      <About {...props} />
    </div>
  );
}

export function Input(props: FieldProps & { readonly form: FieldForm }): VNode {
  const { form, value, required, onChange } = props;
  const text = (typed: string) => onChange(typed === "" && !required ? undefined : typed);
  if (form.kind === "text" && form.long) {
    return (
      <textarea
        {...describedBy(props)}
        rows={4}
        value={shown(value)}
        onInput={({ currentTarget }) => text(currentTarget.value)}
      />
    );
  }
  if (form.kind === "text") {
    return (
      <input
        {...describedBy(props)}
        {...typed(form.type)}
        value={shown(value)}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => text(currentTarget.value)}
      />
    );
  }
  if (form.kind === "number") {
    return (
      <input
        {...describedBy(props)}
        inputMode={form.integer ? "numeric" : "decimal"}
        value={shown(value)}
        autocomplete="off"
        onInput={({ currentTarget }) => onChange(numberOf(currentTarget.value))}
      />
    );
  }
  if (form.kind === "boolean") return <Select {...props} choices={BOOLEANS} />;
  if (form.kind === "choice") return <Select {...props} choices={form.choices} />;
  return <JsonField {...describedBy(props)} value={value} onChange={onChange} />;
}

/** The types of elements do not take one that is known only when it runs. */
function typed(type: string): object {
  return { type };
}

const BOOLEANS = [
  { value: true, label: "true" },
  { value: false, label: "false" },
];

function shown(value: unknown): string {
  return value === undefined ? "" : String(value);
}

/** What is no number goes to the server as it is, which says so. */
function numberOf(text: string): unknown {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

interface SelectProps extends FieldProps {
  readonly choices: readonly { readonly value: unknown; readonly label: string }[];
}

function Select(props: SelectProps): VNode {
  const { choices, value, onChange } = props;
  const index = choices.findIndex((choice) => JSON.stringify(choice.value) === JSON.stringify(value));
  return (
    <select
      {...describedBy(props)}
      value={String(index)}
      onChange={({ currentTarget }) => onChange(choices[Number(currentTarget.value)]?.value)}
    >
      <option value="-1" />
      {choices.map(({ label }, at) => (
        <option key={label} value={String(at)}>
          {label}
        </option>
      ))}
    </select>
  );
}

export function SwitchField(props: FieldProps): VNode {
  return (
    <div class="field">
      <label class="switch" for={idOf(props.path)}>
        <input
          {...describedBy(props)}
          type="checkbox"
          checked={props.value === true}
          onChange={({ currentTarget }) => props.onChange(currentTarget.checked)}
        />
        <Name {...props} />
      </label>
      <About {...props} />
    </div>
  );
}

export function ChoicesField(props: FieldProps & { readonly form: Extract<FieldForm, { kind: "choices" }> }): VNode {
  const { form, onChange, path } = props;
  const chosen: readonly unknown[] = Array.isArray(props.value) ? props.value : [];
  return (
    <fieldset class="field" id={idOf(path)} aria-describedby={`${idOf(path)}-about`}>
      <legend>
        <Name {...props} />
      </legend>
      {form.choices.map(({ value, label }) => (
        <label class="switch" key={label}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, value] : chosen.filter((one) => one !== value))
            }
          />
          {label}
        </label>
      ))}
      <About {...props} />
    </fieldset>
  );
}
