import type { Features } from "../types.js";

export const features: Features = {
  era: "legacy",
  batches: true,
  resumable: true,
  priming: false,
  elicitation: { form: false, url: false, elicitationId: false },
  samplingTools: false,
  resourceNotFound: -32002,
};
