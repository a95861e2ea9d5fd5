/**
 * What it costs to know who is calling: a server that checks access tokens against the same server without, both called
 * with a token, as a part of what a bare server takes for the whole call.
 */
import { burst, leave, prepare } from "../lib/burst.mjs";
import { failure, ratios } from "../lib/outcome.mjs";
import { summary } from "../lib/stats.mjs";

export async function measureToken(row, peers, options) {
  const [bare, holdfast] = ["bare", "holdfast"].map((name) => peers.find((peer) => peer.name === name));
  if (bare === undefined || holdfast === undefined) return { [row.name]: {} };
  const entrants = [];
  try {
    for (const [peer, order] of [
      [bare, row.against],
      [holdfast, row.against],
      [holdfast, row.order],
    ]) {
      entrants.push(await prepare(row, peer, order, options));
      options.tick(row.name, `${peer.name}${order === row.order ? ", checking tokens," : ""} is warm`);
    }
    const samples = [];
    for (let round = 0; round < options.rounds; round++) {
      samples.push(await oneRound(entrants, round));
      options.tick(row.name, `round ${round + 1} of ${options.rounds}`);
    }
    const baseUs = summary(samples.map((sample) => sample.baseUs));
    return { [row.name]: { bare: { us: baseUs, value: 1 }, holdfast: ratios(samples) } };
  } catch (error) {
    return { [row.name]: { holdfast: failure(error) } };
  } finally {
    for (const entrant of entrants) await leave(entrant);
  }
}

/** Who comes second finds other caches: the order of the two that are compared changes. */
async function oneRound([bare, without, checking], round) {
  const base = await burst(bare);
  const first = round % 2 === 0 ? without : checking;
  const a = await burst(first);
  const b = await burst(first === without ? checking : without);
  const [plain, checked] = first === without ? [a, b] : [b, a];
  const us = checked.us - plain.us;
  return { ...checked, us, baseUs: base.us, ratio: us / base.us };
}
