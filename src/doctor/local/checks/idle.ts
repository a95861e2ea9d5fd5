/** What a server does while nobody asks anything. */
import { localFault, localNote, localSound } from "../findings.js";
import type { LocalPatient } from "../patient.js";
import { canSeeProcesses, demandMs, listeningOf } from "../processes.js";
import type { LocalFinding } from "../types.js";

/** Of one processor. An idle server wants none; what remains of its start is over in one of the windows. */
const BUSY_SHARE = 0.3;
const WINDOWS = 3;

export async function* checkIdle(patient: LocalPatient): AsyncIterable<LocalFinding> {
  const conversation = await patient.open();
  if (conversation === undefined) return;
  const { server, started } = conversation;
  const { idleMs } = patient.examination;
  await conversation.poke();
  const shares: number[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const [before, from] = [demandMs(patient.family(started)), performance.now()];
    if (await server.until(() => server.isOver, idleMs)) break;
    shares.push((demandMs(patient.family(started)) - before) / (performance.now() - from));
    if ((shares.at(-1) ?? 0) < BUSY_SHARE) break;
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
