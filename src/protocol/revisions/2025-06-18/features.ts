import type { Features } from "../types.js";

export const features: Features = {
  era: "legacy",
  batches: false,
  resumable: true,
  priming: false,
  elicitation: { form: true, url: false, elicitationId: false },
  samplingTools: false,
  resourceNotFound: -32002,
};
