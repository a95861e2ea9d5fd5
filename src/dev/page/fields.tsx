import type { VNode } from "preact";
import type { Json } from "../page-types.js";
import { About, ChoicesField, type FieldProps, Frame, Input, idOf, Name, SwitchField } from "./inputs.js";
import { pointer } from "./messages.js";
import { formOf, initialOf, type Member, plainSchema } from "./schema.js";

/** One field with its label, its description, and what the server says about it. */
export function Field(props: FieldProps): VNode {
  const schema = plainSchema(props.schema, props.root);
  const form = formOf(schema, props.root);
  const inner = { ...props, schema };
  if (form.kind === "object") return <ObjectField {...inner} members={form.members} />;
  if (form.kind === "list") return <ListField {...inner} item={form.item} />;
  if (form.kind === "choices") return <ChoicesField {...inner} form={form} />;
  if (form.kind === "boolean" && props.required) return <SwitchField {...inner} />;
  return (
    <Frame {...inner}>
      <Input {...inner} form={form} />
    </Frame>
  );
}

function ListField(props: FieldProps & { readonly item: Json }): VNode {
  const { item, root, path, errors, onChange } = props;
  const values: readonly unknown[] = Array.isArray(props.value) ? props.value : [];
  const drop = (at: number) => {
    const left = values.filter((_one, index) => index !== at);
    onChange(left.length === 0 && !props.required ? undefined : left);
  };
  return (
    <fieldset class="field group" id={idOf(path)} aria-describedby={`${idOf(path)}-about`}>
      <legend>
        <Name {...props} />
      </legend>
      {values.map((value, at) => (
        <div class="element" key={at}>
          <Field
            label={`${props.label} ${at + 1}`}
            schema={item}
            root={root}
            value={value}
            required
            path={`${path}${pointer([at])}`}
            errors={errors}
            onChange={(next) => onChange(values.map((one, index) => (index === at ? next : one)))}
          />
          <button type="button" class="quiet" aria-label={`Remove ${props.label} ${at + 1}`} onClick={() => drop(at)}>
            ×
          </button>
        </div>
      ))}
      <button type="button" class="quiet" onClick={() => onChange([...values, initialOf(item, root, true)])}>
        + Add to {props.label}
      </button>
      <About {...props} />
    </fieldset>
  );
}

function ObjectField(props: FieldProps & { readonly members: readonly Member[] }): VNode {
  const { schema, root, path, required, onChange, value } = props;
  const given = typeof value === "object" && value !== null;
  return (
    <fieldset class="field group" id={idOf(path)} aria-describedby={`${idOf(path)}-about`}>
      <legend>
        {required ? (
          <Name {...props} />
        ) : (
          <label class="switch">
            <input
              type="checkbox"
              checked={given}
              onChange={({ currentTarget }) =>
                onChange(currentTarget.checked ? initialOf(schema, root, true) : undefined)
              }
            />
            <Name {...props} />
          </label>
        )}
      </legend>
      {(required || given) && <Members {...props} />}
      <About {...props} />
    </fieldset>
  );
}

/** The fields of an object, without a frame. */
export function Members({ members, root, path, errors, value, onChange }: MembersProps): VNode {
  const object = (typeof value === "object" && value !== null ? value : {}) as Json;
  const change = (name: string, next: unknown) => {
    const { [name]: _before, ...rest } = object;
    onChange(next === undefined ? rest : { ...rest, [name]: next });
  };
  return (
    <>
      {members.map(({ name, schema, required }) => (
        <Field
          key={name}
          label={name}
          schema={schema}
          root={root}
          value={object[name]}
          required={required}
          path={`${path}${pointer([name])}`}
          errors={errors}
          onChange={(next) => change(name, next)}
        />
      ))}
    </>
  );
}

type MembersProps = Pick<FieldProps, "root" | "path" | "errors" | "value" | "onChange"> & {
  readonly members: readonly Member[];
};
