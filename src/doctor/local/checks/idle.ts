/** What a server does while nobody asks anything. */
import { localFault, localNote, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import { canSeeProcesses, listeningOf, type ProcessFacts, TICKS_PER_SECOND } from "../processes.js";
import type { LocalFinding } from "../types.js";

/** Of one processor. An idle server is at none; what remains of its start is over in one of the windows. */
const BUSY_SHARE = 0.2;
const WINDOWS = 3;

export async function* checkIdle(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const conversation = await patient.open();
  if (conversation === undefined) return;
  const { server, started } = conversation;
  const { idleMs } = patient.examination;
  await conversation.poke();
  const shares: number[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const [before, from] = [ticksOf(patient.family(started)), performance.now()];
    if (await server.until(() => server.isOver, idleMs)) break;
    shares.push((ticksOf(patient.family(started)) - before) / TICKS_PER_SECOND / ((performance.now() - from) / 1000));
    if (!canSeeProcesses || (shares.at(-1) ?? 0) < BUSY_SHARE) break;
  }
  const sockets = listeningOf(patient.family(started));
  const { ended } = server;
  await patient.end(started);
  if (ended !== undefined) {
    yield localFault("exits-idle", `it ended with ${ended.signal ?? ended.code} while nothing was asked`);
    return;
  }
  yield spinning(Math.min(...shares));
  const open = sockets.find(({ isPublic }) => isPublic);
  if (open !== undefined) yield localFault("listens-publicly", `it listens on ${open.address}`);
  else for (const { address } of sockets) yield localNote("idle", "listens", `it listens on ${address}`);
}

function spinning(share: number): LocalFinding {
  if (!canSeeProcesses)
    return localNote("idle", "not-checked", "use of the processor: not checked, there is no /proc here");
  const seen = `${Math.round(share * 100)} % of a processor while nothing is asked`;
  return share < BUSY_SHARE ? localSound("idle", "idle", seen) : localFault("spins", seen);
}

function ticksOf(family: readonly ProcessFacts[]): number {
  return family.reduce((sum, { ticks }) => sum + ticks, 0);
}
