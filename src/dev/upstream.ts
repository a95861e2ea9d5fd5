/** The server behind the proxy: there, on its way, or not able to start. */

export interface Failure {
  /** One line. */
  readonly summary: string;
  /** What the server printed. */
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export type UpstreamState =
  | { readonly phase: "starting" }
  | { readonly phase: "ready"; readonly url: URL }
  /** Finishes its calls; takes no new ones. */
  | { readonly phase: "ending"; readonly url: URL }
  | { readonly phase: "failed"; readonly failure: Failure };

/** An unready server: why nothing can be passed on. */
export type Unready = { readonly kind: "failed"; readonly failure: Failure } | { readonly kind: "late" | "gone" };

export class Upstream {
  #state: UpstreamState = { phase: "starting" };
  readonly #listeners = new Set<(state: UpstreamState) => void>();

  get state(): UpstreamState {
    return this.#state;
  }

  set(state: UpstreamState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  onChange(listener: (state: UpstreamState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when it is decided: with where the server is, or why there is none. */
  ready(timeoutMs: number, signal: AbortSignal): Promise<URL | Unready> {
    return new Promise((resolve) => {
      const done = (outcome: URL | Unready) => {
        clearTimeout(timer);
        forget();
        signal.removeEventListener("abort", gone);
        resolve(outcome);
      };
      const look = (state: UpstreamState) => {
        if (state.phase === "ready") done(state.url);
        else if (state.phase === "failed") done({ kind: "failed", failure: state.failure });
      };
      const gone = () => done({ kind: "gone" });
      const timer = setTimeout(() => done({ kind: "late" }), timeoutMs);
      const forget = this.onChange(look);
      signal.addEventListener("abort", gone);
      if (signal.aborted) gone();
      else look(this.#state);
    });
  }

  /** Resolves with the next change, or when it does not come. */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        forget();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const forget = this.onChange(done);
      signal.addEventListener("abort", done);
    });
  }
}
