/** Messages between processes: who gets them, who does not, and how many may wait. */
import type { RelayStore, Sent, Unlisten } from "../../stores/relay.js";
import type { RelayStoreFixture } from "./cases.js";
import { holds, same } from "./cases.js";

type Body = (fixture: RelayStoreFixture) => Promise<void>;

/** More than a relay may keep for one address while nobody takes it. */
const TOO_MANY = 2000;
/** Messages of one address that any relay has room for. */
const SOME = 4;
/** Far above the time a message may take on its way. */
const BOUND_MS = 10_000;
const TEXTS = ['{"a":1}', '"ä 漢 😀 \\n"', "", " two  spaces ", `"${"x".repeat(100_000)}"`];

/** What arrives at one address. */
class Inbox {
  readonly texts: string[] = [];
  unlisten: Unlisten = () => {};
  #look: () => void = () => {};

  static async at(store: RelayStore, address: string): Promise<Inbox> {
    const inbox = new Inbox();
    inbox.unlisten = await store.listen(address, (text) => {
      inbox.texts.push(text);
      inbox.#look();
    });
    return inbox;
  }

  /** Waits until so many have come. */
  async holds(count: number): Promise<readonly string[]> {
    if (this.texts.length >= count) return this.texts;
    await new Promise<void>((resolve, reject) => {
      const late = `${count} messages were to arrive in ${BOUND_MS} ms`;
      const timer = setTimeout(() => reject(new Error(`${late}; ${this.texts.length} did`)), BOUND_MS);
      this.#look = () => {
        if (this.texts.length < count) return;
        clearTimeout(timer);
        resolve();
      };
    });
    return this.texts;
  }
}

async function sends(store: RelayStore, address: string, text: string, answer: Sent = "sent"): Promise<void> {
  same(await store.send(address, text), answer, `what became of a message to ${address}`);
}

export const RELAY_CASES: Readonly<Record<string, Body>> = {
  "what is sent arrives at who listens, from whichever process it comes": async ({ store, other = store }) => {
    const inbox = await Inbox.at(store, "address");
    await sends(other, "address", "from another");
    same(await inbox.holds(1), ["from another"], "what arrives");
    await sends(store, "address", "from the same");
    same(await inbox.holds(2), ["from another", "from the same"], "what arrives");
    inbox.unlisten();
  },

  "texts arrive as they were sent, in the order in which they were sent": async ({ store, other = store }) => {
    const inbox = await Inbox.at(store, "address");
    for (const text of TEXTS.slice(0, SOME)) await sends(other, "address", text);
    same(await inbox.holds(SOME), TEXTS.slice(0, SOME), "what arrives");
    for (const text of TEXTS.slice(SOME)) await sends(other, "address", text);
    same(await inbox.holds(TEXTS.length), TEXTS, "what arrives");
    inbox.unlisten();
  },

  "a message that nobody listens for is not kept": async ({ store, other = store }) => {
    await sends(other, "address", "too early", "nobody");
    const inbox = await Inbox.at(store, "address");
    await sends(other, "address", "in time");
    same(await inbox.holds(1), ["in time"], "what arrives");
    inbox.unlisten();
  },

  "who listens no more gets nothing more, and nobody else gets it": async ({ store, other = store }) => {
    const first = await Inbox.at(store, "address");
    await sends(other, "address", "for the first");
    await first.holds(1);
    first.unlisten();
    first.unlisten();
    // The end of listening need not be known elsewhere at once; from the next one on it is.
    const second = await Inbox.at(other, "address");
    await sends(store, "address", "for the second");
    same(await second.holds(1), ["for the second"], "what arrives at the second");
    second.unlisten();
    const third = await Inbox.at(store, "other");
    await sends(other, "address", "too late", "nobody");
    same([first.texts, second.texts], [["for the first"], ["for the second"]], "what arrived in all");
    third.unlisten();
  },

  "addresses are independent, also when one begins with the other": async ({ store, other = store }) => {
    const addresses = ["key", "key2", "ke"];
    const inboxes = await Promise.all(addresses.map((one, index) => Inbox.at(index === 1 ? other : store, one)));
    for (const address of addresses) await sends(store, address, `for ${address}`);
    await sends(other, "k", "for none", "nobody");
    const texts = await Promise.all(inboxes.map((inbox) => inbox.holds(1)));
    same(
      texts,
      addresses.map((address) => [`for ${address}`]),
      "what arrives",
    );
    for (const inbox of inboxes) inbox.unlisten();
  },

  "of many messages to many addresses, each arrives once": async ({ store, other = store }) => {
    const addresses = Array.from({ length: 50 }, (_, index) => `address${index}`);
    const inboxes = await Promise.all(addresses.map((one, index) => Inbox.at(index % 2 === 0 ? store : other, one)));
    const sent = addresses.flatMap((one, index) =>
      Array.from({ length: SOME }, (_, turn) => sends((index + turn) % 2 === 0 ? store : other, one, `${one}-${turn}`)),
    );
    await Promise.all(sent);
    const texts = await Promise.all(inboxes.map((inbox) => inbox.holds(SOME)));
    for (const inbox of inboxes) inbox.unlisten();
    // One more round: what came twice would come before it.
    const last = await Inbox.at(store, "last");
    await sends(other, "last", "one more");
    await last.holds(1);
    const expected = addresses.map((one) => Array.from({ length: SOME }, (_, turn) => `${one}-${turn}`));
    same(
      texts.map((one) => [...one].sort()),
      expected,
      "what arrived",
    );
    last.unlisten();
  },

  "there is no room for more than a bound; what was sent arrives, and then there is room again": async (fixture) => {
    const { store, other = store } = fixture;
    const inbox = await Inbox.at(store, "address");
    const texts = Array.from({ length: TOO_MANY }, (_, index) => `text ${index}`);
    const answers = await Promise.all(texts.map((text) => other.send("address", text)));
    const sent = texts.filter((_, index) => answers[index] === "sent");
    holds(sent.length >= SOME && sent.length < TOO_MANY, `${sent.length} of ${TOO_MANY} messages found room`);
    same(
      answers.filter((answer) => answer !== "sent" && answer !== "full"),
      [],
      "other answers",
    );
    same([...(await inbox.holds(sent.length))], sent, "what arrives");
    await sends(other, "address", "later");
    same((await inbox.holds(sent.length + 1)).at(-1), "later", "what arrives last");
    inbox.unlisten();
  },

  "a listener may stop, and begin again, while it is told": async ({ store, other = store }) => {
    let again: Promise<Inbox> | undefined;
    let unlisten: Unlisten = () => {};
    const told = new Promise<void>((resolve) => {
      const listening = store.listen("address", () => {
        unlisten();
        again = Inbox.at(store, "address");
        resolve();
      });
      void Promise.resolve(listening).then(async (stop) => {
        unlisten = stop;
        await sends(other, "address", "one");
      });
    });
    await told;
    const inbox = await again;
    await sends(other, "address", "two");
    same(await inbox?.holds(1), ["two"], "what arrives");
    inbox?.unlisten();
  },
};
