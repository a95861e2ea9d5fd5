/**
 * CPU per call: every peer answers the same calls in turn, round after round, and is compared with the bare server of
 * the same round.
 */
import { burst, leave, prepare } from "../lib/burst.mjs";
import { failure, ratios } from "../lib/outcome.mjs";

export async function measureCalls(row, peers, options) {
  const results = {};
  const entrants = [];
  for (const peer of peers) {
    if (row.slowWith?.(peer) && options.mode === "quick") {
      results[peer.name] = { reason: "only in a full run" };
      continue;
    }
    try {
      const entrant = { peer, samples: [], ...(await prepare(row, peer, row.order, options)) };
      if (row.sameBytes) entrant.sends = JSON.stringify((await entrant.driver.once()).result);
      entrants.push(entrant);
    } catch (error) {
      results[peer.name] = failure(error);
    }
    options.tick(row.name, `${peer.name} is warm`);
  }
  if (results.bare !== undefined) throw new Error(`${row.name}: nothing to measure against: ${results.bare.reason}`);
  for (let round = 0; round < options.rounds; round++) {
    for (const entrant of entrants) if (entrant.failed === undefined) await oneRound(row, entrant, entrants, options);
    options.tick(row.name, `round ${round + 1} of ${options.rounds}`);
  }
  for (const entrant of entrants) {
    results[entrant.peer.name] = entrant.failed ?? ratios(entrant.samples);
    if (entrant.failed === undefined) await leave(entrant);
  }
  return { [row.name]: results };
}

async function oneRound(row, entrant, [bare], options) {
  try {
    const base = row.sameBytes ? await sameBytes(entrant, bare) : undefined;
    const sample = await burst(entrant);
    // The bare server comes first in every round.
    const { us } = base ?? (entrant === bare ? sample : bare.samples.at(-1));
    entrant.samples.push({ ...sample, baseUs: us, ratio: sample.us / us });
  } catch (error) {
    if (entrant === bare) throw error;
    entrant.failed = failure(error);
    await leave(entrant);
    options.tick(row.name, error.message);
  }
}

/** The bare server sends what this peer sends. */
async function sameBytes({ sends }, bare) {
  await bare.server.canned(sends);
  return await burst(bare);
}
