import { describe, expect, test } from "bun:test";
import { command, contract, defineModule, event, handler, t } from "../index.ts";
import { type Placement, place, placements } from "../testing/place.ts";
import { operationsOf } from "./operations.ts";

const Key = t.Object({ key: t.String(), text: t.String() });
const empty = t.Object({});

const reminders = contract("reminders", {
  /** Has a reminder be sent in an hour, or another text under the same key. */
  plan: command({ input: Key, output: empty }),
  /** Takes a reminder back. */
  takeBack: command({ input: Key, output: empty }),
  /** Sends a reminder. */
  send: command({ input: Key, output: empty }),
  sent: event(1, Key),
});

const HOUR_MS = 3_600_000;

/** The reminders, wired. `send` waits for what `during` gives before it commits. */
function remindersModule(during: () => Promise<void> | undefined, replansItself = false) {
  const inAnHour = (now: number, key: string) => ({ key, atMs: now + HOUR_MS });
  return defineModule({
    contract: reminders,
    migrations: [],
    handlers: {
      plan: handler(reminders.plan, (input, { transaction }) =>
        transaction((tx) => {
          tx.schedule(reminders.send, input, inAnHour(tx.now, input.key));
          return {};
        }),
      ),
      takeBack: handler(reminders.takeBack, ({ key }, { transaction }) =>
        transaction((tx) => {
          tx.unschedule(reminders.send, key);
          return {};
        }),
      ),
      send: handler(reminders.send, async (input, { intent, transaction }) => {
        if (replansItself) {
          await intent((tx) => {
            tx.schedule(reminders.send, input, inAnHour(tx.now, input.key));
          });
          await intent((tx) => tx.unschedule(reminders.send, input.key));
        }
        await during();
        return transaction((tx) => {
          tx.emit(reminders.sent, input);
          return {};
        });
      }),
    },
  });
}

/** Reminders of which one is just being sent; it commits when `open` is called. */
async function sending(at: Placement, replansItself = false) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  const during = () => (times++ === 0 ? promise : undefined);
  const shop = await place(at, [remindersModule(during, replansItself)], { duplicate: false });
  await shop.call(reminders.plan, { key: "k", text: "first" });
  await shop.advance(HOUR_MS);
  return {
    shop,
    open: resolve,
    texts: () => shop.events.map(({ payload }) => (payload as { text: string }).text),
    times: () => times,
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

describe.each(placements)("a planned command, %s,", (at) => {
  test("that is taken back while it runs changes nothing and is not tried again", async () => {
    await using world = await sending(at);
    const { shop } = world;
    await shop.call(reminders.takeBack, { key: "k", text: "" });
    world.open();
    await shop.advance(10 * HOUR_MS);
    expect({ texts: world.texts(), times: world.times() }).toEqual({ texts: [], times: 1 });
    expect(shop.problems).toEqual([]);
    const { cleaveDeadLetters } = operationsOf("reminders");
    expect(await shop.call(cleaveDeadLetters, { limit: 10 })).toEqual([]);
  });

  test("that is planned anew while it runs is done, and the new plan too", async () => {
    await using world = await sending(at);
    const { shop } = world;
    await shop.call(reminders.plan, { key: "k", text: "second" });
    world.open();
    await shop.advance(10_000);
    expect(world.texts()).toEqual(["first"]);
    await shop.advance(HOUR_MS);
    expect(world.texts()).toEqual(["first", "second"]);
  });

  test("that takes its own plan back by an intention is done", async () => {
    await using world = await sending(at, true);
    world.open();
    await world.shop.advance(2 * HOUR_MS);
    expect(world.texts()).toEqual(["first"]);
    expect(world.shop.problems).toEqual([]);
  });
});

test.each(placements)("a dead job leaves a newer plan of its key as it is, %s", async (at) => {
  let fails = true;
  const during = () => (fails ? Promise.reject(new RangeError("no post")) : undefined);
  await using shop = await place(at, [remindersModule(during)], {
    ...{ duplicate: false, lookEveryMs: HOUR_MS },
  });
  await shop.call(reminders.plan, { key: "k", text: "dead" });
  await shop.advance(3 * HOUR_MS);
  const { cleaveDeadLetters, cleaveRedrive } = operationsOf("reminders");
  const [letter] = await shop.call(cleaveDeadLetters, { limit: 10 });
  const id = letter?.id ?? 0;
  fails = false;
  await shop.call(reminders.plan, { key: "k", text: "newer" });
  expect(await shop.call(cleaveRedrive, { id })).toEqual({
    redriven: false,
    reason:
      "The job send of k was planned anew since this one was given up, and is left as it is. " +
      "Discard the dead letter, or redrive it when the newer one has run.",
  });
  await shop.advance(2 * HOUR_MS);
  expect(shop.events.map(({ payload }) => payload)).toMatchObject([{ text: "newer" }]);
  expect(await shop.call(cleaveRedrive, { id })).toEqual({ redriven: true });
  await shop.settle();
  expect(shop.events.map(({ payload }) => payload)).toMatchObject([
    { text: "newer" },
    { text: "dead" },
  ]);
});
