import { HoldfastError } from "../errors.js";
import { Ledger } from "../operations/ledger.js";
import type { Implementation } from "../protocol/types.js";
import { Sealer } from "../sessions/sealer.js";
import { Budget } from "../util/budget.js";
import { randomId } from "../util/ids.js";
import { Ticker } from "../util/ticker.js";
import { Admissions } from "./admissions.js";
import type { App, Presence } from "./app.js";
import { CallTable } from "./call-table.js";
import { Catalogue } from "./catalogue.js";
import { Deliveries } from "./deliveries.js";
import type { PromptEntry, ResourceEntry, TemplateEntry, ToolEntry } from "./entries.js";
import { startTelemetry } from "./figures.js";
import { ChangeHub } from "./hub.js";
import { type McpServerOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { cancelAll, drain } from "./shutdown.js";
import type { CommonConfig, Middleware, Registered } from "./types.js";

/** Kinds of registration, as capabilities name them. */
export type Kind = "tools" | "resources" | "prompts";

interface Slot {
  readonly kind: Kind;
  readonly key: string;
  config: object;
  enabled: boolean;
  compile(config: object): AnyEntry;
  entry: AnyEntry;
}
type AnyEntry =
  | { readonly of: "tool"; readonly entry: ToolEntry }
  | { readonly of: "resource"; readonly entry: ResourceEntry }
  | { readonly of: "template"; readonly entry: TemplateEntry }
  | { readonly of: "prompt"; readonly entry: PromptEntry };

/** What a registration is made of. */
export interface Registration<Config extends CommonConfig> {
  readonly kind: Kind;
  readonly name: string;
  /** Distinguishes within the kind: resources by URI, templates by name. */
  readonly key: string;
  readonly config: Config & { readonly enabled?: boolean };
  readonly compile: (config: Config) => AnyEntry;
}

/**
 * Collects registrations, compiles each one as it comes (mistakes show at the line that made them), and freezes a
 * catalogue when somebody asks for it. Knows no transport.
 */
export class Definition implements App {
  readonly options: ResolvedOptions;
  readonly hub: ChangeHub = new ChangeHub();
  readonly ticker: Ticker = new Ticker();
  readonly calls: CallTable;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly admissions: Admissions;
  readonly budgets: App["budgets"];
  readonly middleware: Middleware[] = [];
  readonly presence: Presence = { openStreams: 0, sources: new Set() };
  draining = false;
  readonly #slots = new Map<string, Slot>();
  readonly #offered = new Set<string>();
  readonly #sealers = new Map<string, Sealer>();
  #catalogue: Catalogue | undefined;
  #ownSecret: string | undefined;

  constructor(info: Implementation, options: McpServerOptions = {}) {
    this.options = resolveOptions(info, options);
    const { limits } = this.options;
    this.calls = new CallTable(this.ticker, limits);
    const { store, logger } = this.options;
    this.admissions = new Admissions({
      // Opened when somebody is counted for the first time.
      get counters() {
        return store.counters;
      },
      name: info.name,
      limits: this.options.callLimits,
      leaseMs: limits.leaseMs,
      ticker: this.ticker,
      logger,
    });
    let ownName: string | undefined;
    this.ledger = new Ledger({
      store: store.operations,
      // Made late: workers have no random numbers while their modules load.
      get owner() {
        ownName ??= store.owner ?? randomId();
        return ownName;
      },
      leaseMs: limits.leaseMs,
      recoveryMs: limits.callTimeoutMs,
      ticker: this.ticker,
      logger,
    });
    this.deliveries = new Deliveries(this.ledger);
    this.budgets = {
      bodies: new Budget(limits.maxBodyBytesTotal),
      queues: new Budget(limits.maxQueuedBytesTotal),
      streams: new Budget(limits.streamMaxBytesTotal),
    };
  }

  get info(): Implementation {
    return this.options.info;
  }
  get instructions(): string | undefined {
    return this.options.instructions;
  }
  get limits(): App["limits"] {
    return this.options.limits;
  }
  get logger(): App["logger"] {
    return this.options.logger;
  }
  get store(): App["store"] {
    return this.options.store;
  }
  get hostCallIds(): readonly string[] {
    return this.options.hostCallIds;
  }
  get auth(): App["auth"] {
    return this.options.auth;
  }
  get audit(): App["audit"] {
    return this.options.audit;
  }
  get instruments(): App["instruments"] {
    return this.options.instruments;
  }
  get maskErrors(): boolean {
    return this.options.maskErrors;
  }
  get pageSize(): number {
    return this.options.pageSize;
  }
  get cache(): App["cache"] {
    return this.options.cache;
  }

  sealer(purpose: "session" | "request-state"): Sealer {
    let sealer = this.#sealers.get(purpose);
    if (sealer === undefined) {
      sealer = new Sealer(this.#secrets(), purpose);
      this.#sealers.set(purpose, sealer);
    }
    return sealer;
  }

  /** Made late: workers have no random numbers while their modules load. */
  #secrets(): readonly string[] {
    const { secrets, store } = this.options;
    if (secrets.length > 0) return secrets;
    this.#ownSecret ??= store.secret ?? randomId();
    return [this.#ownSecret];
  }

  /** Lets calls in flight end for at most `graceMs`; see `shutdown.ts`. */
  drain(graceMs: number): Promise<void> {
    return drain(this, graceMs);
  }

  /** Starts what listens to this server; returns what ends it. */
  startTelemetry(): Promise<() => Promise<void>> {
    return startTelemetry(this);
  }

  /** Ends every call in flight now. */
  cancelAll(): void {
    cancelAll(this);
  }

  offers(capability: string): boolean {
    return this.#offered.has(capability);
  }

  get catalogue(): Catalogue {
    this.#catalogue ??= this.#freeze();
    return this.#catalogue;
  }

  register<Config extends CommonConfig>(registration: Registration<Config>): Registered<Config> {
    const { kind, name, config } = registration;
    const key = `${kind} ${registration.key}`;
    if (this.#slots.has(key)) {
      throw new HoldfastError("ERR_DUPLICATE_NAME", `${kind}: ${registration.key} is already registered`);
    }
    const compile = (changed: CommonConfig) => {
      const whenDenied = changed.whenDenied ?? this.options.whenDenied;
      return registration.compile({ ...(changed as Config), whenDenied });
    };
    const slot: Slot = { kind, key, config, enabled: config.enabled !== false, compile, entry: compile(config) };
    this.#slots.set(key, slot);
    this.#offered.add(kind);
    this.#changed(kind);
    return this.#handle<Config>(name, slot);
  }

  #handle<Config extends CommonConfig>(name: string, slot: Slot): Registered<Config> {
    const enable = (enabled: boolean) => {
      if (slot.enabled === enabled) return;
      slot.enabled = enabled;
      this.#changed(slot.kind);
    };
    return {
      name,
      enable: () => enable(true),
      disable: () => enable(false),
      update: (changes) => {
        const config = { ...slot.config, ...changes };
        slot.entry = slot.compile(config);
        slot.config = config;
        this.#changed(slot.kind);
      },
      remove: () => {
        if (this.#slots.delete(slot.key)) this.#changed(slot.kind);
      },
    };
  }

  #changed(kind: Kind): void {
    this.#catalogue = undefined;
    this.hub.listChanged(kind);
  }

  #freeze(): Catalogue {
    const tools: ToolEntry[] = [];
    const resources: ResourceEntry[] = [];
    const templates: TemplateEntry[] = [];
    const prompts: PromptEntry[] = [];
    for (const { enabled, entry } of this.#slots.values()) {
      if (!enabled) continue;
      if (entry.of === "tool") tools.push(entry.entry);
      else if (entry.of === "resource") resources.push(entry.entry);
      else if (entry.of === "template") templates.push(entry.entry);
      else prompts.push(entry.entry);
    }
    return new Catalogue({ tools, resources, templates, prompts });
  }
}
