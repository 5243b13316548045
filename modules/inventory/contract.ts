import { command, contract, event, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const Line = t.Object({
  variantId: Id,
  quantity: t.Integer({ minimum: 1, maximum: 9_999 }),
});
const Lines = t.Array(Line, { minItems: 1, maxItems: 100 });
const Level = t.Object({
  variantId: Id,
  locationId: Id,
  onHand: t.Integer(),
  held: t.Integer(),
  committed: t.Integer(),
  available: t.Integer(),
});
const Shortage = t.Object({ variantId: Id, wanted: t.Integer(), available: t.Integer() });
const Reason = t.Union([
  t.Literal("receipt"),
  t.Literal("damage"),
  t.Literal("loss"),
  t.Literal("correction"),
  t.Literal("return"),
]);
const ReservationState = t.Union([
  t.Literal("held"),
  t.Literal("committed"),
  t.Literal("consumed"),
  t.Literal("released"),
  t.Literal("expired"),
]);

/** Events about one order are taken in in order. */
const byOrder = { key: "orderId" } as const;

/** Events about one variant are taken in in order. */
const byVariant = { key: "variantId" } as const;

/** What inventory promises: how much of each variant is on the shelf, and for whom it is kept. */
export const inventory = contract("inventory", {
  /** How much of each variant can be ordered; an unknown variant has none. */
  availabilityOf: query({
    input: t.Object({ variantIds: t.Array(Id, { minItems: 1, maxItems: 100 }) }),
    output: t.Array(
      t.Object({
        variantId: Id,
        state: t.Union([t.Literal("in_stock"), t.Literal("low"), t.Literal("out")]),
        /** The most that one order may ask for: what is available, at most 99. */
        orderableMax: t.Integer(),
      }),
      { maxItems: 100 },
    ),
  }),

  /** One variant's levels, its live reservations and its newest ledger entries. For staff. */
  stockOf: query({
    input: t.Object({ variantId: Id }),
    output: t.Object({
      levels: t.Array(Level, { maxItems: 10 }),
      reservations: t.Array(
        t.Object({
          orderId: Id,
          quantity: t.Integer(),
          state: ReservationState,
          untilMs: t.Integer(),
        }),
        { maxItems: 50 },
      ),
      ledger: t.Array(
        t.Object({ delta: t.Integer(), reason: t.String(), ref: t.String(), atMs: t.Integer() }),
        { maxItems: 50 },
      ),
    }),
  }),

  /**
   * Changes what is on the shelf by a difference, with a reason. `ref` makes it repeatable: the
   * same variant, location and ref again changes nothing.
   */
  adjustStock: command({
    input: t.Object({
      variantId: Id,
      /** The one shelf there is so far, which is also the default. */
      locationId: t.Optional(t.Literal("main")),
      delta: t.Integer({ minimum: -1_000_000, maximum: 1_000_000 }),
      reason: Reason,
      ref: t.String({ minLength: 1, maxLength: 255 }),
    }),
    output: Level,
    errors: {
      /** Fewer would remain than are promised to orders. */
      STOCK_TOO_LOW: t.Object({ variantId: Id, onHand: t.Integer(), promised: t.Integer() }),
    },
  }),

  /** Sets the shelf of many variants at once, where they have no stock row yet. For seeding. */
  stockUp: command({
    input: t.Object({
      lines: t.Array(t.Object({ variantId: Id, quantity: t.Integer({ minimum: 0 }) }), {
        minItems: 1,
        maxItems: 1_000,
      }),
    }),
    output: t.Object({ added: t.Integer() }),
  }),

  /**
   * Holds stock for an order, all lines or none, until `untilMs`. Repeating it for the same order
   * changes nothing. After a release it is refused for good: RELEASED.
   */
  holdStock: command({
    input: t.Object({ orderId: Id, lines: Lines, untilMs: t.Integer() }),
    output: t.Object({ untilMs: t.Integer() }),
    errors: {
      OUT_OF_STOCK: t.Object({ shortages: t.Array(Shortage, { maxItems: 100 }) }),
      RESERVATION_RELEASED: t.Object({ orderId: Id }),
    },
  }),

  /**
   * Makes a hold final. An expired hold is taken again if the stock is still there. Repeating it
   * for the same order changes nothing.
   */
  commitStock: command({
    input: t.Object({ orderId: Id }),
    output: t.Object({ orderId: Id }),
    errors: {
      OUT_OF_STOCK: t.Object({ shortages: t.Array(Shortage, { maxItems: 100 }) }),
      RESERVATION_RELEASED: t.Object({ orderId: Id }),
      RESERVATION_NOT_FOUND: t.Object({ orderId: Id }),
    },
  }),

  /**
   * Gives back what an order holds. It succeeds when there is nothing to give back, and leaves a
   * mark that refuses a hold that arrives later. Repeating it changes nothing.
   *
   * With `rest` it also succeeds when goods of the order have left: what is still kept for it is
   * given back, and the reservation is consumed.
   */
  releaseStock: command({
    input: t.Object({
      orderId: Id,
      reason: t.String({ maxLength: 200 }),
      rest: t.Optional(t.Boolean()),
    }),
    output: t.Object({ orderId: Id }),
    errors: {
      /** Goods have left already, and `rest` was not asked for. */
      ALREADY_CONSUMED: t.Object({ orderId: Id }),
    },
  }),

  /**
   * Takes committed stock off the shelf for a shipment. Repeating it for the same shipment
   * changes nothing.
   */
  consumeStock: command({
    input: t.Object({ orderId: Id, shipmentId: Id, lines: Lines }),
    output: t.Object({ shipmentId: Id }),
    errors: { NOT_COMMITTED: t.Object({ orderId: Id, variantId: Id }) },
  }),

  /** Puts an order's goods back on the shelf. Repeating it for the same ref changes nothing. */
  restock: command({
    input: t.Object({ ref: Id, lines: Lines }),
    output: t.Object({ ref: Id }),
  }),

  /**
   * Lets the holds run out that are due, the oldest first, and plans itself for the next one.
   * `holdStock` schedules it; repeating it changes nothing, because what has expired is no longer
   * held.
   */
  expireHolds: command({
    input: t.Object({}),
    output: t.Object({ expired: t.Integer() }),
  }),

  /** Checks S1 to S6 of this module's own books and returns what does not hold. */
  audit: query({
    input: t.Object({}),
    output: t.Array(t.Object({ invariant: t.String(), detail: t.String() }), { maxItems: 200 }),
  }),

  /** The reservation of an order, or null. Used by the reconciliation. */
  reservationOf: query({
    input: t.Object({ orderId: Id }),
    output: t.Union([
      t.Object({ state: ReservationState, lines: t.Array(Line, { maxItems: 100 }) }),
      t.Null(),
    ]),
  }),

  stockAdjusted: event(
    1,
    t.Object({ variantId: Id, available: t.Integer(), delta: t.Integer(), reason: t.String() }),
    byVariant,
  ),
  stockRanOut: event(1, t.Object({ variantId: Id }), byVariant),
  stockCameBack: event(1, t.Object({ variantId: Id, available: t.Integer() }), byVariant),
  stockHeld: event(1, t.Object({ orderId: Id, untilMs: t.Integer() }), byOrder),
  stockCommitted: event(1, t.Object({ orderId: Id }), byOrder),
  stockReleased: event(1, t.Object({ orderId: Id, reason: t.String() }), byOrder),
  holdExpired: event(1, t.Object({ orderId: Id }), byOrder),
  stockConsumed: event(1, t.Object({ orderId: Id, shipmentId: Id }), byOrder),
});
