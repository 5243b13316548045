import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { place } from "../testing/place.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { operationsOf } from "./operations.ts";

const operations = operationsOf("desk");

/** The desk has buried an event: the taking of a cursed thing. */
async function withDeadLetter(modules = [shelfModule, deskModule]) {
  const shop = await place("in process, encoded", modules);
  await shop.call(shelf.put, { thing: "cursed", count: 1 });
  await shop.call(shelf.take, { thing: "cursed", taker: "ann", count: 1 });
  await shop.advance(10_000);
  return shop;
}

test("a dead letter is seen, and gone when it was discarded", async () => {
  await using shop = await withDeadLetter();
  const [letter, ...others] = await shop.call(operations.cleaveDeadLetters, { limit: 10 });
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    module: "desk",
    kind: "event",
    source: "shelf",
    name: "shelf.taken",
    key: "1",
    error: "Error: It bites.",
  });
  const id = letter?.id ?? 0;
  expect(await shop.call(operations.cleaveDiscard, { id })).toEqual({ discarded: true });
  expect(await shop.call(operations.cleaveDiscard, { id })).toEqual({ discarded: false });
  expect(await shop.call(operations.cleaveRedrive, { id })).toEqual({ redriven: false });
  expect(await shop.call(operations.cleaveDeadLetters, { limit: 10 })).toEqual([]);
});

test("an event that fails again when it is redriven stays a dead letter", async () => {
  await using shop = await withDeadLetter();
  const [letter] = await shop.call(operations.cleaveDeadLetters, { limit: 10 });
  const redrive = shop.call(operations.cleaveRedrive, { id: letter?.id ?? 0 });
  await expect(redrive).rejects.toMatchObject({
    code: "REDRIVE_FAILED",
    data: { error: "Error: It bites." },
  });
  expect(await shop.call(operations.cleaveDeadLetters, { limit: 10 })).toHaveLength(1);
});

test("an event that nobody reacts to any more is not lost by redriving it", async () => {
  const modules = [shelfModule, deskModule];
  await using shop = await withDeadLetter(modules);
  const [letter] = await shop.call(operations.cleaveDeadLetters, { limit: 10 });
  modules[1] = { ...deskModule, reactions: [] };
  await shop.restart();
  const redrive = shop.call(operations.cleaveRedrive, { id: letter?.id ?? 0 });
  const why = "desk does not react to shelf.taken any more. Discard the event.";
  await expect(redrive).rejects.toMatchObject({
    code: "REDRIVE_FAILED",
    data: { error: expect.stringContaining(why) },
  });
  expect(await shop.call(operations.cleaveDeadLetters, { limit: 10 })).toMatchObject([
    { ...letter, error: expect.any(String), attempts: 6, nextAttemptAtMs: expect.any(Number) },
  ]);
});

test("an event is checked when it is redriven, as it was when it came", async () => {
  await using shop = await withDeadLetter();
  const [letter] = await shop.call(operations.cleaveDeadLetters, { limit: 10 });
  const sqlite = new BetterSqlite3(`${shop.folder}/desk.db`);
  sqlite.exec(`UPDATE cleave_dead_letter SET payload = '{"thing":7}'`);
  sqlite.close();
  const redrive = shop.call(operations.cleaveRedrive, { id: letter?.id ?? 0 });
  const why = "The payload of shelf.taken does not fit its contract";
  await expect(redrive).rejects.toMatchObject({
    code: "REDRIVE_FAILED",
    data: { error: expect.stringContaining(why) },
  });
});

test("sagas are listed by name, state and id, the newest first", async () => {
  await using shop = await place("in process", [shelfModule, deskModule]);
  await shop.call(shelf.put, { thing: "tea", count: 5 });
  const order = { thing: "tea", count: 1, paper: "to-sign" };
  await shop.call(desk.order, { ...order, orderId: "o-1" });
  await shop.advance(1);
  await shop.call(desk.order, { ...order, orderId: "o-2", paper: "none" });
  await shop.settle();
  const list = async (by: { state?: string; id?: string }) => {
    const filter = { name: null, state: null, id: null, limit: 10, ...by };
    const views = await shop.call(operations.cleaveSagas, filter);
    return views.map(({ id, state, failure }) => [id, state, failure]);
  };
  const second = ["o-2", "compensated", { step: "take-paper", code: "TOO_FEW" }];
  expect(await list({})).toEqual([second, ["o-1", "waiting", null]]);
  expect(await list({ state: "waiting" })).toEqual([["o-1", "waiting", null]]);
  expect(await list({ id: "o-2" })).toEqual([second]);
});
