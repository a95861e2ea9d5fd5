import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

interface JsonFieldProps {
  readonly value: unknown;
  readonly rows?: number;
  readonly onChange: (value: unknown) => void;
}

/** A value as JSON. What is being typed is JSON only now and then: until it is, the field says so. */
export function JsonField({ value, rows = 4, onChange, ...rest }: JsonFieldProps): VNode {
  const [text, setText] = useState(() => textOf(value));
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    // Another value from outside, and not what was just typed.
    if (!wrong && textOf(value) !== textOf(parsed(text).value)) setText(textOf(value));
  }, [value]);
  const type = (typed: string) => {
    const { ok, value: next } = parsed(typed);
    setText(typed);
    setWrong(!ok);
    if (ok) onChange(next);
  };
  return (
    <>
      <textarea
        class="code"
        spellcheck={false}
        rows={rows}
        {...rest}
        value={text}
        onInput={({ currentTarget }) => type(currentTarget.value)}
      />
      {wrong && <span class="field-error">This is not JSON.</span>}
    </>
  );
}

function textOf(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

function parsed(text: string): { readonly ok: boolean; readonly value?: unknown } {
  if (text.trim() === "") return { ok: true };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false };
  }
}
