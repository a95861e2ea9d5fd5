import type { VNode } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import type { Problem, RevisionChoice, ServerState } from "../page-types.js";
import { follow, send } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { Detail } from "./detail.js";
import { LogView } from "./log-view.js";
import { Questions } from "./questions.js";
import { ProblemView } from "./result.js";
import { INITIAL, type PageState, reduce } from "./state.js";

const CHOICES: readonly RevisionChoice[] = ["auto", "2025-11-25", "2026-07-28"];

export function App(): VNode {
  const [state, dispatch] = useReducer(reduce, INITIAL);
  useEffect(() => {
    void follow((event) => dispatch(typeof event === "string" ? { type: event } : event));
  }, []);
  const { offer, selected, questions, exchanges, server, problem } = state;
  return (
    <>
      <Header state={state} />
      {server.phase === "failed" && <Failed server={server} />}
      {server.phase !== "failed" && problem !== undefined && <NotConnected problem={problem} />}
      <div class="columns">
        {offer === undefined ? (
          <nav class="catalogue" aria-label="What the server offers" />
        ) : (
          <Catalogue
            offer={offer}
            selected={selected}
            onSelect={(one) => dispatch({ type: "select", selected: one })}
          />
        )}
        <Detail state={state} dispatch={dispatch} />
        <LogView exchanges={exchanges} onClear={() => dispatch({ type: "clear" })} />
      </div>
      <Questions questions={questions} />
    </>
  );
}

function Header({ state: { connected, found, server, choice, generation } }: { readonly state: PageState }): VNode {
  const phase = found ? server.phase : "lost";
  const words = {
    ready: generation > 1 ? `ready, loaded ${generation} times` : "ready",
    starting: "starting",
    ending: "restarting",
    failed: "does not start",
    lost: "holdfast dev has ended",
  };
  return (
    <header class="top">
      <h1>{connected === undefined ? "holdfast dev" : connected.name}</h1>
      <span class="version">{connected?.version}</span>
      <span class={`phase phase-${phase}`} role="status">
        {words[phase]}
      </span>
      <span class="space" />
      {connected !== undefined && (
        <span class="speaks">
          {connected.transport} · {connected.revision}
        </span>
      )}
      <label for="revision">Revision</label>
      <select
        id="revision"
        value={choice}
        onChange={({ currentTarget }) => void send("revision", { choice: currentTarget.value as RevisionChoice })}
      >
        {CHOICES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      <button type="button" class="quiet" onClick={() => void send("restart", {})}>
        Restart
      </button>
    </header>
  );
}

function Failed({ server }: { readonly server: Extract<ServerState, { phase: "failed" }> }): VNode {
  const { summary, text, file, line, column } = server.failure;
  return (
    <section class="failure" role="alert">
      <h2>The server does not run</h2>
      <p>{summary}</p>
      {file !== undefined && <p class="place">{[file, line, column].filter((part) => part !== undefined).join(":")}</p>}
      {text !== "" && <pre>{text}</pre>}
    </section>
  );
}

function NotConnected({ problem }: { readonly problem: Problem }): VNode {
  return (
    <section class="failure" role="alert">
      <h2>This page has no connection to the server</h2>
      <ProblemView problem={problem} />
    </section>
  );
}
