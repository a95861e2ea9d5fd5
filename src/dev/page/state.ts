/** Everything the page shows, made of events only. */
import type { Exchange } from "../log.js";
import type {
  CallKind,
  Connected,
  Json,
  Offer,
  PageEvent,
  Problem,
  Question,
  RevisionChoice,
  ServerState,
} from "../page-types.js";

export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface CallState {
  readonly kind: CallKind;
  readonly name: string;
  readonly progress: Progress | undefined;
  readonly messages: readonly { readonly level: string; readonly data: unknown }[];
  readonly result: Json | undefined;
  readonly problem: Problem | undefined;
  readonly done: boolean;
}

export interface Selection {
  readonly kind: CallKind;
  /** The name, the URI or the template. */
  readonly name: string;
}

export interface PageState {
  readonly found: boolean;
  readonly server: ServerState;
  readonly choice: RevisionChoice;
  readonly connected: Connected | undefined;
  readonly offer: Offer | undefined;
  readonly problem: Problem | undefined;
  /** How often the lists came: a reload shows. */
  readonly generation: number;
  readonly selected: Selection | undefined;
  readonly calls: ReadonlyMap<string, CallState>;
  /** The last call of what is selected, by kind and name. */
  readonly lastCalls: ReadonlyMap<string, string>;
  readonly questions: readonly Question[];
  readonly exchanges: ReadonlyMap<number, Exchange>;
}

export type PageAction =
  | PageEvent
  | { readonly type: "found" | "lost" | "clear" }
  | { readonly type: "select"; readonly selected: Selection }
  | { readonly type: "begin"; readonly call: string; readonly kind: CallKind; readonly name: string };

export const INITIAL: PageState = {
  found: false,
  server: { phase: "starting" },
  choice: "auto",
  connected: undefined,
  offer: undefined,
  problem: undefined,
  generation: 0,
  selected: undefined,
  calls: new Map(),
  lastCalls: new Map(),
  questions: [],
  exchanges: new Map(),
};

/** As many as the process keeps. */
const MAX_EXCHANGES = 300;
const MAX_MESSAGES = 500;

export function selectionKey({ kind, name }: Selection): string {
  return `${kind} ${name}`;
}

export function reduce(state: PageState, action: PageAction): PageState {
  switch (action.type) {
    case "found":
      return { ...state, found: true, questions: [], exchanges: new Map() };
    case "lost":
      return { ...state, found: false };
    case "clear":
      return { ...state, exchanges: new Map() };
    case "select":
      return { ...state, selected: action.selected };
    case "state":
      return { ...state, server: action.state };
    case "choice":
      return { ...state, choice: action.choice };
    case "connected":
      return connected(state, action);
    case "problem":
      return { ...state, problem: action.problem };
    case "exchange":
      return { ...state, exchanges: withExchange(state.exchanges, action.exchange) };
    case "question":
      return { ...state, questions: [...state.questions, action.question] };
    case "answered":
      return { ...state, questions: state.questions.filter(({ id }) => id !== action.id) };
    case "begin":
      return begun(state, action);
    default:
      return reduceCall(state, action);
  }
}

function connected(state: PageState, { connected, offer }: Extract<PageAction, { type: "connected" }>): PageState {
  const [first] = offer.tools;
  const selected = state.selected ?? (first === undefined ? undefined : { kind: "tool" as const, name: first.name });
  return { ...state, connected, offer, selected, problem: undefined, generation: state.generation + 1 };
}

function begun(state: PageState, { call, kind, name }: Extract<PageAction, { type: "begin" }>): PageState {
  const one: CallState = {
    kind,
    name,
    progress: undefined,
    messages: [],
    result: undefined,
    problem: undefined,
    done: false,
  };
  const lastCalls = new Map(state.lastCalls).set(selectionKey(state.selected ?? { kind, name }), call);
  return { ...state, calls: new Map(state.calls).set(call, one), lastCalls };
}

function reduceCall(
  state: PageState,
  action: Extract<PageAction, { type: "progress" | "message" | "result" }>,
): PageState {
  const before = state.calls.get(action.call);
  if (before === undefined) return state;
  return { ...state, calls: new Map(state.calls).set(action.call, advanced(before, action)) };
}

function advanced(
  call: CallState,
  action: Extract<PageAction, { type: "progress" | "message" | "result" }>,
): CallState {
  if (action.type === "progress") return { ...call, progress: action };
  if (action.type === "result") return { ...call, result: action.result, problem: action.problem, done: true };
  const { level, data } = action;
  return { ...call, messages: [...call.messages, { level, data }].slice(-MAX_MESSAGES) };
}

function withExchange(before: ReadonlyMap<number, Exchange>, exchange: Exchange): ReadonlyMap<number, Exchange> {
  const after = new Map(before).set(exchange.id, exchange);
  for (const oldest of after.keys()) {
    if (after.size <= MAX_EXCHANGES) break;
    after.delete(oldest);
  }
  return after;
}
