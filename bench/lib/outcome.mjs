/** What becomes of the samples of a cell, or of the lack of them. */
import { WrongAnswer } from "../load/verify.mjs";
import { summary } from "./stats.mjs";

/** An empty cell and why it is empty; `wrong` when the peer answered, but not what was asked. */
export function failure(error) {
  return { reason: error.message, wrong: error instanceof WrongAnswer };
}

/** The median of the ratios, each of which was taken within one round. */
export function ratios(samples) {
  const ratio = summary(samples.map((sample) => sample.ratio));
  const us = summary(samples.map((sample) => sample.us));
  const loadUs = summary(samples.map((sample) => sample.loadUs));
  return { value: ratio.median, p25: ratio.p25, p75: ratio.p75, us, loadUs, samples };
}
