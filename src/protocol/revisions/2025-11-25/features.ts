import type { Features } from "../types.js";

export const features: Features = {
  era: "legacy",
  batches: false,
  resumable: true,
  priming: true,
  elicitation: { form: true, url: true, elicitationId: true },
  samplingTools: true,
  resourceNotFound: -32002,
};
