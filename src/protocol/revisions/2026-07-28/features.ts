import type { Features } from "../types.js";

export const features: Features = {
  era: "modern",
  batches: false,
  resumable: false,
  priming: false,
  elicitation: { form: true, url: true, elicitationId: false },
  samplingTools: true,
  resourceNotFound: -32602,
};
