/** What a stream keeps to know which of its messages arrived. */
import { queryObjects } from "node:v8";
import { expect, it } from "vitest";
import { Arrivals } from "../../src/streams/arrivals.js";

const maps = (): number => Number(queryObjects(Map, { format: "count" }));

it("keeps nothing of messages that arrived: many streams are idle", () => {
  const before = maps();
  const streams = Array.from({ length: 1000 }, () => new Arrivals());
  const arrived: number[] = [];
  for (const [index, arrivals] of streams.entries()) {
    arrivals.await(1, () => arrived.push(index));
    expect(arrivals.awaits(1)).toBe(true);
  }
  expect(maps() - before).toBeGreaterThan(900);
  for (const arrivals of streams) arrivals.confirm(1);
  expect(maps() - before).toBeLessThan(100);
  expect(arrived).toHaveLength(streams.length);
});

it("goes on when a listener confirms what came before and sends something new", () => {
  const arrivals = new Arrivals();
  const told: string[] = [];
  arrivals.await(1, () => {
    arrivals.confirm(1);
    arrivals.await(2, () => told.push("second"));
    told.push("first");
  });
  arrivals.confirm(1);
  expect(arrivals.awaits(2)).toBe(true);
  arrivals.confirm(2);
  expect(told).toEqual(["first", "second"]);
});
