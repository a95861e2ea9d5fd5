/** Chooses how protocol text leaves: the strongest protection that this process can have. */

import { ownStdout } from "./descriptor-one.js";
import { DescriptorWriter } from "./descriptor-writer.js";
import {
  claimInheritedStdout,
  claimStdout,
  pointStdoutAtStrays,
  resolveStrayTarget,
  type StrayTarget,
} from "./guard-descriptor.js";
import { startProtocolRelay, startStrayRelay } from "./guard-relay.js";
import { beforeNativeCode } from "./native-code.js";
import { type ProtocolWriter, StreamWriter } from "./protocol-writer.js";

/**
 * `auto`: the best that is free; where that is patches of JavaScript only, a relay is started when an
 * addon or a worker thread comes in. `relay`: that relay from the start. `patched`: patches only.
 */
export type GuardMode = "auto" | "relay" | "patched";

/** `descriptor`: native code and child processes are covered too. `patched`: what JavaScript of this thread does. */
export type GuardLevel = "descriptor" | "patched";

/** The way out, what it protects, and how it is given back. */
export interface Claim {
  readonly writer: ProtocolWriter;
  readonly target: StrayTarget;
  readonly level: GuardLevel;
  readonly release: () => void;
}

/** Claims stdout for the protocol. */
export function claimForProtocol(mode: GuardMode): Claim {
  // Made before descriptor 1 changes its meaning: what Node knows of a stream, it learns when it makes it.
  const { stdout } = process;
  ownStdout();
  const inherited = claimInheritedStdout();
  if (inherited !== undefined) {
    const writer = new DescriptorWriter(inherited, { maybeBlocking: true });
    return { writer, level: "descriptor", target: resolveStrayTarget(inherited), release: nothing };
  }
  const target = resolveStrayTarget(1);
  // What was printed before and is still on its way needs descriptor 1 as it is, and goes first.
  if (process.platform === "win32" || stdout.writableLength > 0) {
    return { writer: new StreamWriter(stdout), level: "patched", target, release: nothing };
  }
  const claimed = mode === "patched" ? undefined : claimStdout(target);
  if (claimed === undefined) return new PatchedClaim(target, mode);
  const unwatch = claimed.keepsStrays ? nothing : beforeNativeCode(startStrayRelay);
  const release = (): void => {
    unwatch();
    claimed.release();
  };
  return { writer: new DescriptorWriter(claimed.fd), level: "descriptor", target, release };
}

/** Protocol text still leaves through descriptor 1; that changes when there is a reason. */
class PatchedClaim implements Claim {
  readonly target: StrayTarget;
  readonly writer: DescriptorWriter = new DescriptorWriter(1);
  readonly release: () => void;
  level: GuardLevel = "patched";

  constructor(target: StrayTarget, mode: GuardMode) {
    this.target = target;
    const useRelay = (): void => this.writer.whenIdle(() => this.#useRelay());
    if (mode === "relay") useRelay();
    this.release = mode === "auto" ? beforeNativeCode(useRelay) : nothing;
  }

  #useRelay(): void {
    const relay = startProtocolRelay();
    if (relay === undefined) return;
    // The relay has stdout now, so descriptor 1 can be let go, and the writer must not hold on to it.
    this.writer.moveTo(relay.fd, relay.stream);
    if (!pointStdoutAtStrays(this.target)) startStrayRelay();
    this.level = "descriptor";
  }
}

function nothing(): void {}
