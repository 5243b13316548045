import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import {
  command,
  contract,
  defineModule,
  handler,
  SagaRefusal,
  saga,
  t,
  waitUntil,
} from "../index.ts";
import { type Placed, place, placements } from "../testing/place.ts";

const HOUR_MS = 3_600_000;
const card = "tok_of-somebody";

const Paid = t.Object({
  id: t.String(),
  refused: t.Boolean(),
  secret: t.Optional(t.String()),
});
const till = contract("till", {
  pay: command({ input: Paid, output: t.Object({}) }),
});

/** What the steps were given as the secret, in their order. */
const seen: (string | undefined)[] = [];
const paying = saga("till.pay", {
  version: 1,
  input: Paid,
  deadlineMs: 10 * HOUR_MS,
  secrets: ["secret"],
})
  .step("ask", {
    run: async ({ input, now, late }) => {
      seen.push(input.secret);
      return late ? {} : waitUntil(now() + HOUR_MS);
    },
    compensate: async ({ input }) => seen.push(input.secret),
  })
  .step("decide", {
    run: async ({ input }) => {
      seen.push(input.secret);
      if (input.refused) throw new SagaRefusal("refused");
      return {};
    },
  })
  .pivot("paid", (_tx, { input }) => {
    seen.push(input.secret);
  })
  .step("send", {
    run: async ({ input }) => {
      seen.push(input.secret);
      return {};
    },
  });

const tillModule = defineModule({
  contract: till,
  handlers: {
    pay: handler(till.pay, (input, { transaction }) =>
      transaction((tx) => {
        tx.start(paying, input.id, input);
        return {};
      }),
    ),
  },
  sagas: [paying],
  migrations: [],
});

/** The input of the saga as it is kept. */
function keptOf({ folder }: Placed): unknown {
  const database = new BetterSqlite3(`${folder}/till.db`, { readonly: true });
  try {
    return JSON.parse(String(database.prepare("SELECT input FROM cleave_saga").pluck().get()));
  } finally {
    database.close();
  }
}

describe.each(placements)("a secret of a saga's input, %s", (placement) => {
  test("is kept while a step may need it, over a restart, and goes with the pivot", async () => {
    seen.length = 0;
    await using shop = await place(placement, [tillModule], { duplicate: false });
    const input = { id: "1", refused: false };
    await shop.call(till.pay, { ...input, secret: card });
    await shop.settle();
    expect(keptOf(shop)).toEqual({ ...input, secret: card });
    await shop.restart();
    await shop.advance(HOUR_MS);
    await shop.settle();
    expect(seen).toEqual([card, card, card, card, undefined]);
    expect(keptOf(shop)).toEqual(input);
  });

  test("goes when the saga turns back", async () => {
    seen.length = 0;
    await using shop = await place(placement, [tillModule], { duplicate: false });
    const input = { id: "1", refused: true };
    await shop.call(till.pay, { ...input, secret: card });
    await shop.advance(HOUR_MS);
    await shop.settle();
    expect(seen).toEqual([card, card, card, undefined]);
    expect(keptOf(shop)).toEqual(input);
  });
});

test("a secret that the input requires is refused", () => {
  const input = t.Object({ secret: t.String() });
  const define = () => saga("till.pay", { version: 1, input, deadlineMs: 1, secrets: ["secret"] });
  expect(define).toThrow(
    "The saga till.pay removes secret from its input, which requires it. Make it t.Optional.",
  );
});
