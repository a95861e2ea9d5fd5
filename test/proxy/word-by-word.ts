import { expect } from "vitest";
import { expectedMessages, STEPS, type Stories } from "../faults/helpers/story.js";
import type { Arriving, LaneClient } from "./lanes.js";

/**
 * Calls the tool that tells the story `name`: it says a word only when the client has heard the one before. Fails unless
 * all of them and the answer arrive as they were said.
 */
export async function hearWordByWord(client: LaneClient, stories: Stories, name: string): Promise<Arriving> {
  const story = stories.get(name);
  const arriving = await client.call(stories.params(name), () => {
    void story.begun.then(() => story.tell(1));
  });
  const heard = [];
  for (let step = 1; step <= STEPS; step += 1) {
    story.tell(step);
    heard.push(await arriving.messages.expect((message) => message.id !== "initialize"));
  }
  await story.finish();
  heard.push(await arriving.messages.expect(({ id }) => id === 1));
  const said = expectedMessages(1, 7);
  expect(heard.slice(0, -1)).toEqual(said.slice(0, -1));
  // The revisions differ in what stands around the result.
  expect(heard.at(-1)?.result).toMatchObject(said.at(-1)?.result as object);
  return arriving;
}
