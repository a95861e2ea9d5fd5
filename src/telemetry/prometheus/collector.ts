import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Attributes } from "../attributes.js";
import { DURATION_BUCKETS, type Measure } from "../measures.js";
import type { Collector } from "../metrics.js";

/** Units as Prometheus writes them at the end of a name; things that are counted have none. */
const UNITS: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/** Keeps measurements in a registry of prom-client. */
export function registryCollector(registry: Registry): Collector {
  const registers = [registry];
  return {
    histogram: (measure) => {
      const buckets = [...DURATION_BUCKETS];
      const histogram = new Histogram({ ...described(measure), labelNames: labelsOf(measure), buckets, registers });
      return (value, attributes) => histogram.observe(labelled(attributes), value);
    },
    counter: (measure) => {
      const { name, help } = described(measure);
      const counter = new Counter({ name: `${name}_total`, help, labelNames: labelsOf(measure), registers });
      return (value, attributes) => counter.inc(labelled(attributes), value);
    },
    gauge: (measure, read) => {
      new Gauge({
        ...described(measure),
        registers,
        collect() {
          this.set(read() ?? 0);
        },
      });
    },
  };
}

function described({ name, unit, description }: Measure): { readonly name: string; readonly help: string } {
  return { name: `${legacy(name)}${UNITS[unit] ?? ""}`, help: description };
}

/** Names without dots, which every version of Prometheus takes. */
function legacy(name: string): string {
  return name.replaceAll(".", "_");
}

function labelsOf({ labels }: Measure): string[] {
  return labels.map(legacy);
}

function labelled(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [legacy(name), value]));
}
