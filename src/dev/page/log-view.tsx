import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Exchange, Note, Outcome } from "../log.js";
import { JsonTree } from "./json-tree.js";

interface LogProps {
  readonly exchanges: ReadonlyMap<number, Exchange>;
  readonly onClear: () => void;
}

/** What passes between clients and the server, the newest first. */
export function LogView({ exchanges, onClear }: LogProps): VNode {
  const [all, setAll] = useState(false);
  const shown = [...exchanges.values()].filter(({ quiet }) => all || !quiet).reverse();
  return (
    <section class="log" aria-label="Request log">
      <header>
        <h2>Requests</h2>
        <label class="switch">
          <input type="checkbox" checked={all} onChange={({ currentTarget }) => setAll(currentTarget.checked)} />
          everything
        </label>
        <button type="button" class="quiet" onClick={onClear}>
          Clear
        </button>
      </header>
      <ol>
        {shown.map((exchange) => (
          <Row key={exchange.id} exchange={exchange} />
        ))}
      </ol>
      {shown.length === 0 && <p class="empty">No request yet.</p>}
    </section>
  );
}

function Row({ exchange }: { readonly exchange: Exchange }): VNode {
  const { at, method, name, caller, outcome, ms, request, response, notes } = exchange;
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <time>{new Date(at).toTimeString().slice(0, 8)}</time>
          <span class="what">
            {method} {name !== undefined && <b>{name}</b>}
          </span>
          <span class={`outcome outcome-${outcome?.kind ?? "open"}`}>{outcomeText(outcome)}</span>
          <span class="who">
            {[caller.name, caller.revision, caller.transport, ms === undefined ? undefined : `${ms} ms`]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </summary>
        {open && (
          <div class="json">
            {request !== undefined && <JsonTree name="request" value={request} open={3} />}
            {notes.length > 0 && <JsonTree name="messages" value={notes.map(noteOf)} open={1} />}
            {response !== undefined && <JsonTree name="response" value={response} open={3} />}
          </div>
        )}
      </details>
    </li>
  );
}

function noteOf({ method, params }: Note): object {
  return { method, params };
}

function outcomeText(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "…";
  if (outcome.kind === "error") return `${outcome.code}: ${outcome.message}`;
  if (outcome.kind === "http") return `HTTP ${outcome.status}`;
  if (outcome.kind === "tool_error") return "error";
  return outcome.kind;
}
