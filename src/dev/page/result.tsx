import type { VNode } from "preact";
import type { Json, Problem } from "../page-types.js";
import { JsonTree } from "./json-tree.js";
import type { CallState } from "./state.js";

/** What came of a call, while it runs and after. */
export function CallResult({ call, onCancel }: { readonly call: CallState; readonly onCancel: () => void }): VNode {
  const { result, problem, done, messages } = call;
  const failed = problem !== undefined || result?.isError === true;
  return (
    <section class={`result ${done ? (failed ? "failed" : "ok") : "running"}`} aria-live="polite" aria-label="Result">
      <header>
        <h3>{done ? (failed ? "Error" : "Result") : "Running"}</h3>
        {!done && (
          <button type="button" class="quiet" onClick={onCancel}>
            Cancel
          </button>
        )}
      </header>
      {!done && <Running call={call} />}
      {messages.length > 0 && (
        <ol class="messages">
          {messages.map(({ level, data }, at) => (
            <li key={at}>
              <span class={`level level-${level}`}>{level}</span> {textOf(data)}
            </li>
          ))}
        </ol>
      )}
      {problem !== undefined && <ProblemView problem={problem} />}
      {result !== undefined && <ResultView result={result} />}
    </section>
  );
}

function Running({ call: { progress } }: { readonly call: CallState }): VNode {
  const { progress: done, total, message } = progress ?? { progress: 0 };
  return (
    <div class="progress">
      {/* Without a value it moves by itself: nobody knows how long. */}
      <progress aria-label="Progress" {...(total !== undefined && { value: done, max: total })} />
      <span>
        {progress === undefined ? "" : total === undefined ? String(done) : `${done}/${total}`} {message}
      </span>
    </div>
  );
}

export function ProblemView({ problem }: { readonly problem: Problem }): VNode {
  const { code, message, hint, data } = problem;
  return (
    <div class="problem">
      <p>
        {code !== undefined && <code>{code}</code>} {message}
      </p>
      {hint !== undefined && <pre>{hint}</pre>}
      {data !== undefined && <JsonTree value={data} />}
    </div>
  );
}

function ResultView({ result }: { readonly result: Json }): VNode {
  const { content, contents, messages, structuredContent } = result;
  const all = [content, contents, messages].flatMap((one) => (Array.isArray(one) ? (one as Json[]) : []));
  // Said twice for clients that know no structure.
  const repeated = structuredContent === undefined ? undefined : JSON.stringify(structuredContent);
  const blocks = all.filter(({ text }) => text === undefined || text !== repeated);
  return (
    <>
      {structuredContent !== undefined && (
        <div class="block">
          <h4>Structured content</h4>
          <JsonTree value={structuredContent} open={3} />
        </div>
      )}
      {blocks.map((block, at) => (
        <Block key={at} block={block} />
      ))}
      <details class="raw">
        <summary>JSON</summary>
        <pre>{JSON.stringify(result, null, 2)}</pre>
      </details>
    </>
  );
}

function Block({ block }: { readonly block: Json }): VNode {
  const { role, content } = block;
  if (typeof role === "string" && typeof content === "object" && content !== null) {
    return (
      <div class="block">
        <h4>{role}</h4>
        {[content].flat().map((one, at) => (
          <Content key={at} block={one as Json} />
        ))}
      </div>
    );
  }
  return (
    <div class="block">
      <Content block={block} />
    </div>
  );
}

function Content({ block }: { readonly block: Json }): VNode {
  const { type, text, data, blob, uri, resource } = block;
  const mime = typeof block.mimeType === "string" ? block.mimeType : "";
  if (typeof resource === "object" && resource !== null) return <Content block={resource as Json} />;
  const bytes = typeof data === "string" ? data : typeof blob === "string" ? blob : undefined;
  if (bytes !== undefined && mime.startsWith("image/")) {
    return <img alt={`The result, ${mime}`} src={`data:${mime};base64,${bytes}`} />;
  }
  if (bytes !== undefined && mime.startsWith("audio/")) {
    // biome-ignore lint/a11y/useMediaCaption: a tool's sound comes without
    return <audio controls src={`data:${mime};base64,${bytes}`} />;
  }
  if (typeof text === "string") return <pre class="text">{text}</pre>;
  if (type === "resource_link" && typeof uri === "string") {
    return (
      <p>
        Resource <code>{uri}</code> {typeof block.name === "string" && block.name}
      </p>
    );
  }
  if (bytes !== undefined) {
    return (
      <p>
        {mime || "binary"}, {Math.floor((bytes.length * 3) / 4)} bytes
      </p>
    );
  }
  return <JsonTree value={block} />;
}

function textOf(data: unknown): string {
  const said = (data as { readonly message?: unknown } | null)?.message ?? data;
  return typeof said === "string" ? said : JSON.stringify(said);
}
