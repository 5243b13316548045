import { describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { command, contract, event } from "../contract/contract.ts";
import { isDomainError } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import { writes } from "../store/connection.ts";
import { place, placements } from "../testing/place.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";
import { declareUses } from "./uses.ts";

const guesses = sqliteTable("guess", {
  number: integer().primaryKey({ autoIncrement: true }),
  digit: integer().notNull(),
});
const schema = { guesses };
const write = writes(schema, (db) => ({
  add: db
    .insert(guesses)
    .values({ digit: sql.placeholder("digit") })
    .returning()
    .prepare(),
}));

const digit = t.Object({ digit: t.Integer() });
const nothing = t.Object({});
/** A safe that counts the wrong guesses, and one that hands on what the shelf refused. */
const safe = contract("safe", {
  guess: command({
    input: digit,
    output: nothing,
    errors: { WRONG: t.Object({ n: t.Integer() }) },
  }),
  guessLater: command({ input: digit, output: nothing }),
  lend: command({ input: digit, output: nothing }),
  guessed: event(1, digit),
});
const calling = declareUses([shelf.take]);
const safeModule = defineModule({
  contract: safe,
  uses: calling.uses,
  handlers: {
    guess: handler(safe.guess, ({ digit }, { transaction, fail }) =>
      transaction((tx) => {
        const { number: n } = write(tx).add.get({ digit });
        tx.emit(safe.guessed, { digit });
        return digit === 7 ? {} : fail("WRONG", { n });
      }),
    ),
    guessLater: handler(safe.guessLater, ({ digit }, { transaction }) =>
      transaction((tx) => {
        tx.schedule(safe.guess, { digit }, { key: "later", atMs: tx.now + 1_000 });
        return {};
      }),
    ),
    lend: calling.handler(safe.lend, async ({ digit }, { call, transaction }) => {
      const taking = call(shelf.take, { thing: "tea", taker: "ann", count: digit });
      const refusal = await taking.then(
        () => undefined,
        (error: unknown) => error,
      );
      return transaction((tx) => {
        write(tx).add.get({ digit });
        return isDomainError(refusal) ? refusal : {};
      });
    }),
  },
  schema,
  migrations: [
    {
      name: "0000_initial",
      sql: "CREATE TABLE guess (number INTEGER PRIMARY KEY AUTOINCREMENT, digit INTEGER) STRICT;",
    },
  ],
});

describe.each(placements)("a failure that a transaction returns, %s", (placement) => {
  const opened = () => place(placement, [safeModule, shelfModule]);
  const wrong = (n: number) => ({ name: "DomainError", code: "WRONG", data: { n } });

  test("is committed with what it did, and its event", async () => {
    await using shop = await opened();
    await expect(shop.call(safe.guess, { digit: 1 })).rejects.toMatchObject(wrong(1));
    await expect(shop.call(safe.guess, { digit: 1 })).rejects.toMatchObject(wrong(2));
    await shop.settle();
    expect(shop.events.map(({ payload }) => payload)).toEqual([{ digit: 1 }, { digit: 1 }]);
    expect(shop.problems).toEqual([]);
  });

  test("is given again under its key, also after a restart, and happens once", async () => {
    await using shop = await opened();
    const again = () => shop.call(safe.guess, { digit: 1 }, { key: "k" });
    const answers = await Promise.allSettled([again(), again()]);
    await shop.restart();
    for (const one of [...answers, ...(await Promise.allSettled([again()]))]) {
      expect(one).toMatchObject({
        status: "rejected",
        reason: { ...wrong(1), procedure: "safe.guess" },
      });
    }
    const other = shop.call(safe.guess, { digit: 2 }, { key: "k" });
    await expect(other).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
    await expect(shop.call(safe.guess, { digit: 2 })).rejects.toMatchObject(wrong(2));
  });

  test("is the end of a command that was planned", async () => {
    await using shop = await opened();
    await shop.call(safe.guessLater, { digit: 1 });
    await shop.advance(24 * 60 * 60_000);
    await shop.settle();
    expect(shop.events).toHaveLength(1);
    expect(shop.problems).toEqual([]);
  });

  test("is a defect, and nothing is committed, when another module has refused it", async () => {
    await using shop = await opened();
    await expect(shop.call(safe.lend, { digit: 1 })).rejects.toMatchObject({
      name: "Defect",
      message: "safe.lend let TOO_FEW of shelf.take escape. Handle it, or declare an error.",
    });
    await expect(shop.call(safe.guess, { digit: 1 })).rejects.toMatchObject(wrong(1));
  });
});
