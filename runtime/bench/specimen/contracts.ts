import { command, contract, event, moneySchema, query, t } from "../../index.ts";

const Id = t.String({ minLength: 1, maxLength: 80 });
const Line = t.Object({
  variantId: Id,
  sku: t.String({ maxLength: 60 }),
  quantity: t.Integer({ minimum: 1, maximum: 999 }),
  unitPrice: moneySchema,
});

/** The module that is called. */
export const pricing = contract("pricing", {
  /** The total of an order. */
  totalOf: query({
    input: t.Object({
      orderId: Id,
      email: t.String({ minLength: 3, maxLength: 320 }),
      currency: t.String({ pattern: "^[A-Z]{3}$" }),
      lines: t.Array(Line, { minItems: 1, maxItems: 100 }),
    }),
    output: t.Object({ orderId: Id, total: moneySchema }),
  }),
});

/** The module that calls. */
export const buying = contract("buying", {
  /** Asks for the same total many times, one after another. */
  askTotals: query({
    input: t.Object({ count: t.Integer() }),
    output: t.Object({ elapsedMs: t.Number() }),
  }),
});

/** The module that writes. */
export const ledger = contract("ledger", {
  /** Books an entry on an account. The call's key makes it repeatable. */
  book: command({
    input: t.Object({ account: Id, amount: t.Integer(), note: t.String({ maxLength: 200 }) }),
    output: t.Object({ entryId: Id, balance: t.Integer() }),
  }),
  booked: event(1, t.Object({ entryId: Id, account: Id, amount: t.Integer() })),
});
