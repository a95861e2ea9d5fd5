/** Relays over one directory, each as a process of its own has it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countsEnvironment } from "../../../src/drivers/lmdb/counts.js";
import { Environment } from "../../../src/drivers/lmdb/environment.js";
import { Heartbeats } from "../../../src/drivers/lmdb/heartbeats.js";
import { ownerName, retire } from "../../../src/drivers/lmdb/owner.js";
import { LmdbRelayStore } from "../../../src/drivers/lmdb/relay.js";
import type { MailBounds } from "../../../src/drivers/lmdb/relay-mail.js";

export interface Opened {
  readonly environment: Environment;
  readonly owner: string;
  readonly store: LmdbRelayStore;
  /** As when its process is killed: it looks no more, and others find it dead. */
  die(): void;
  close(): Promise<void>;
}

export interface Directory {
  readonly dir: string;
  /** Added to the clock of the machine. */
  laterMs: number;
  open(bounds?: Partial<MailBounds>): Opened;
  remove(): Promise<void>;
}

export function relayDirectory(): Directory {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-relay-"));
  const opened: Opened[] = [];
  const made: Directory = {
    dir,
    laterMs: 0,
    open: (bounds = {}) => {
      const main = new Environment({ dir });
      const environment = countsEnvironment({ dir });
      const { time } = environment;
      Object.assign(environment, { time: () => ({ ...time(), lease: time().lease + made.laterMs }) });
      const owner = ownerName();
      const heartbeats = new Heartbeats(main, owner);
      const store = new LmdbRelayStore(environment, { owner, heartbeats, bounds });
      const close = async () => {
        retire(owner);
        await heartbeats.stop();
        store.stop();
        await environment.close();
        await main.close();
      };
      const one = { environment, owner, store, close, die: () => retire(owner) };
      opened.push(one);
      return one;
    },
    remove: async () => {
      for (const one of opened) await one.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return made;
}
