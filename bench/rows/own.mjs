/**
 * What many tools cost: a server with many against the same with one, side by side. Two processes of the same program
 * differ by some per cent for as long as they live, so there are several pairs.
 */
import { burst, leave, prepare } from "../lib/burst.mjs";
import { failure, ratios } from "../lib/outcome.mjs";

export async function measureOwn(row, peers, options) {
  const results = {};
  for (const peer of peers) {
    try {
      const pairs = peer.name === "holdfast" ? options.ownPairs : options.peerPairs;
      const samples = [];
      for (let pair = 0; pair < pairs; pair++) samples.push(...(await onePair(row, peer, options)));
      results[peer.name] = samples.length > 0 ? ratios(samples) : { reason: "only in a full run" };
    } catch (error) {
      results[peer.name] = failure(error);
    }
    options.tick(row.name, peer.name);
  }
  return { [row.name]: results };
}

async function onePair(row, peer, options) {
  const one = await prepare(row, peer, row.against, options);
  const many = await prepare(row, peer, row.order, options).catch(async (error) => {
    await leave(one);
    throw error;
  });
  try {
    const samples = [];
    for (let round = 0; round < options.rounds; round++) {
      // Who comes second finds other caches: the order changes.
      const first = round % 2 === 0 ? one : many;
      const a = await burst(first);
      const b = await burst(first === one ? many : one);
      const [base, sample] = first === one ? [a, b] : [b, a];
      samples.push({ ...sample, baseUs: base.us, ratio: sample.us / base.us });
    }
    return samples;
  } finally {
    await leave(one);
    await leave(many);
  }
}
