import type { VNode } from "preact";

interface TreeProps {
  readonly value: unknown;
  readonly name?: string;
  /** Levels that are open at first. */
  readonly open?: number;
}

/** A long list is no reason to build a million elements. */
const MAX_MEMBERS = 500;

/** JSON that can be folded. */
export function JsonTree({ value, name, open = 2 }: TreeProps): VNode {
  if (typeof value !== "object" || value === null) {
    return (
      <div class="leaf">
        <Key name={name} />
        <span class={`json-${value === null ? "null" : typeof value}`}>{JSON.stringify(value) ?? "undefined"}</span>
      </div>
    );
  }
  const members = Object.entries(value);
  const [left, right] = Array.isArray(value) ? "[]" : "{}";
  return (
    <details class="tree" open={open > 0}>
      <summary>
        <Key name={name} />
        <span class="json-count">
          {left}
          {members.length === 0 ? "" : ` ${members.length} `}
          {right}
        </span>
      </summary>
      {members.slice(0, MAX_MEMBERS).map(([key, member]) => (
        <JsonTree key={key} name={key} value={member} open={open - 1} />
      ))}
      {members.length > MAX_MEMBERS && <div class="leaf">… {members.length - MAX_MEMBERS} more</div>}
    </details>
  );
}

function Key({ name }: { readonly name: string | undefined }): VNode | null {
  return name === undefined ? null : <span class="json-key">{name}: </span>;
}
