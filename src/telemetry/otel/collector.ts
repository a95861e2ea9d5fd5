import type { Meter } from "@opentelemetry/api";
import { DURATION_BUCKETS } from "../measures.js";
import type { Collector } from "../metrics.js";

/** Sends measurements to a meter. */
export function meterCollector(meter: Meter): Collector {
  return {
    histogram: ({ name, unit, description }) => {
      const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] };
      const histogram = meter.createHistogram(name, { unit, description, advice });
      return (value, attributes) => histogram.record(value, attributes);
    },
    counter: ({ name, unit, description }) => {
      const counter = meter.createCounter(name, { unit, description });
      return (value, attributes) => counter.add(value, attributes);
    },
    gauge: ({ name, unit, description }, read) => {
      // Values of several processes can be added up.
      meter.createObservableUpDownCounter(name, { unit, description }).addCallback((result) => {
        const value = read();
        if (value !== undefined) result.observe(value);
      });
    },
  };
}
