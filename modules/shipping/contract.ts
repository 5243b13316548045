import { command, contract, event, line, moneySchema, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const Line = t.Object({
  variantId: Id,
  quantity: t.Integer({ minimum: 1, maximum: 9_999 }),
});
const Lines = t.Array(Line, { minItems: 1, maxItems: 100 });

const Country = t.String({ pattern: "^[A-Z]{2}$", description: "a country code such as DE" });

/** A postal address as shipping needs it. `country` is ISO 3166-1 alpha-2. */
export const addressSchema = t.Object({
  name: line({ minLength: 1, maxLength: 120 }),
  line1: line({ minLength: 1, maxLength: 200 }),
  line2: t.Optional(line({ maxLength: 200 })),
  city: line({ minLength: 1, maxLength: 120 }),
  region: t.Optional(line({ maxLength: 120 })),
  postcode: line({ minLength: 1, maxLength: 20 }),
  country: Country,
  phone: t.Optional(line({ maxLength: 40 })),
});

const ShipmentState = t.Union([
  t.Literal("pending"),
  t.Literal("packed"),
  t.Literal("ship_requested"),
  t.Literal("shipped"),
  t.Literal("delivered"),
  t.Literal("cancelled"),
]);
const Shipment = t.Object({
  shipmentId: Id,
  orderId: Id,
  state: ShipmentState,
  lines: Lines,
  carrier: t.Union([t.String(), t.Null()]),
  trackingNumber: t.Union([t.String(), t.Null()]),
  /** Why its last dispatch failed; null once it is requested again. */
  failure: t.Union([t.String(), t.Null()]),
});
const Missing = { SHIPMENT_NOT_FOUND: t.Object({ shipmentId: Id }) };
const Illegal = { ILLEGAL_TRANSITION: t.Object({ from: ShipmentState, to: ShipmentState }) };

/** Events about one order are taken in in order. */
const byOrder = { key: "orderId" } as const;

/** What shipping promises: what delivery costs, and to bring an order's goods on their way once. */
export const shipping = contract("shipping", {
  /**
   * The delivery options for a destination, weight and value, cheapest first; none when the
   * country is not served.
   */
  quote: query({
    input: t.Object({
      country: Country,
      postcode: t.String({ maxLength: 20 }),
      weightGrams: t.Integer({ minimum: 0 }),
      subtotal: moneySchema,
    }),
    output: t.Array(
      t.Object({
        optionId: Id,
        label: t.String(),
        price: moneySchema,
        daysMin: t.Integer(),
        daysMax: t.Integer(),
      }),
      { maxItems: 50 },
    ),
  }),

  /**
   * Opens the fulfilment of an order with one pending shipment of all its lines. Repeating it for
   * the same order changes nothing. After `cancelFulfilment` it is refused for good.
   */
  openFulfilment: command({
    input: t.Object({ orderId: Id, optionId: Id, address: addressSchema, lines: Lines }),
    output: t.Object({ shipmentId: Id }),
    errors: { FULFILMENT_CANCELLED: t.Object({ orderId: Id }) },
  }),

  /**
   * Cancels an order's fulfilment. It succeeds when there is nothing to cancel, and leaves a mark
   * that refuses a fulfilment that arrives later.
   *
   * `scope` says what becomes of an order of which a parcel has left: `whole` is refused with
   * ALREADY_SHIPPED, `rest` cancels the parcels that have not left. While a parcel is being
   * dispatched neither is decided: the answer is `held`, no other dispatch begins, and the caller
   * asks again, under another key, once no shipment is `ship_requested` any more.
   *
   * Without a scope, as older callers ask, a parcel that is being dispatched counts as one that has
   * left, and a refusal changes nothing.
   */
  cancelFulfilment: command({
    input: t.Object({
      orderId: Id,
      reason: t.String({ maxLength: 200 }),
      scope: t.Optional(t.Union([t.Literal("whole"), t.Literal("rest")])),
    }),
    output: t.Object({
      orderId: Id,
      /** `rest_cancelled`: at least one parcel has left and stays. Absent from older callees. */
      state: t.Optional(
        t.Union([t.Literal("cancelled"), t.Literal("rest_cancelled"), t.Literal("held")]),
      ),
      /** True when some parcels have left and all of these have been delivered. */
      isDelivered: t.Optional(t.Boolean()),
    }),
    errors: { ALREADY_SHIPPED: t.Object({ orderId: Id }) },
  }),

  /**
   * Makes a shipment of the given lines, or of all that no live shipment has. `ref` makes it
   * repeatable: the same order and ref gives the same shipment.
   */
  createShipment: command({
    input: t.Object({
      orderId: Id,
      ref: t.String({ minLength: 1, maxLength: 255 }),
      lines: t.Optional(Lines),
    }),
    output: Shipment,
    errors: {
      FULFILMENT_NOT_FOUND: t.Object({ orderId: Id }),
      NOTHING_LEFT_TO_SHIP: t.Object({ orderId: Id }),
      /** The order has as many shipments as there may be of one, cancelled ones among them. */
      SHIPMENTS_FULL: t.Object({ orderId: Id, shipmentsMax: t.Integer() }),
    },
  }),

  /** Marks a pending shipment packed. Repeating it changes nothing. */
  packShipment: command({
    input: t.Object({ shipmentId: Id }),
    output: Shipment,
    errors: { ...Missing, ...Illegal },
  }),

  /**
   * Cancels one shipment that is pending or packed; its lines can be shipped anew. Repeating it
   * changes nothing.
   */
  cancelShipment: command({
    input: t.Object({ shipmentId: Id }),
    output: Shipment,
    errors: { ...Missing, ...Illegal },
  }),

  /**
   * Sends a packed shipment off: the money is captured first, then the stock consumed, then it is
   * shipped. Answers at once with `ship_requested`; a failed capture brings it back to packed.
   * Refused while a cancellation waits for another parcel's dispatch. Repeating it changes nothing.
   */
  shipShipment: command({
    input: t.Object({
      shipmentId: Id,
      carrier: t.String({ minLength: 1, maxLength: 80 }),
      trackingNumber: t.String({ minLength: 1, maxLength: 120 }),
    }),
    output: Shipment,
    errors: { ...Missing, ...Illegal, CANCELLATION_IN_PROGRESS: t.Object({ orderId: Id }) },
  }),

  /** Marks a shipped shipment delivered. Repeating it changes nothing. */
  deliverShipment: command({
    input: t.Object({ shipmentId: Id }),
    output: Shipment,
    errors: { ...Missing, ...Illegal },
  }),

  /**
   * One shipment; with `waitMs` it answers when a requested dispatch has ended, or the time is
   * over.
   */
  shipmentById: query({
    ownerOnly: true,
    input: t.Object({
      shipmentId: Id,
      waitMs: t.Optional(t.Integer({ minimum: 0, maximum: 10_000 })),
    }),
    output: Shipment,
    errors: Missing,
  }),

  /** The shipments of an order, oldest first. */
  shipmentsOf: query({
    input: t.Object({ orderId: Id }),
    output: t.Array(Shipment, { maxItems: 100 }),
  }),

  /** Checks O9 of this module's own books and returns what does not hold. */
  audit: query({
    input: t.Object({}),
    output: t.Array(t.Object({ invariant: t.String(), detail: t.String() }), { maxItems: 100 }),
  }),

  shipmentCreated: event(1, t.Object({ orderId: Id, shipmentId: Id }), byOrder),
  shipmentPacked: event(1, t.Object({ orderId: Id, shipmentId: Id }), byOrder),
  shipmentShipped: event(
    1,
    t.Object({
      orderId: Id,
      shipmentId: Id,
      carrier: t.String(),
      trackingNumber: t.String(),
      lines: Lines,
    }),
    byOrder,
  ),
  /** `complete` is true when every line of the order has been delivered. */
  shipmentDelivered: event(
    1,
    t.Object({ orderId: Id, shipmentId: Id, complete: t.Boolean() }),
    byOrder,
  ),
  shipmentCancelled: event(1, t.Object({ orderId: Id, shipmentId: Id }), byOrder),
  /** The money could not be captured; the shipment is back to packed. */
  dispatchFailed: event(1, t.Object({ orderId: Id, shipmentId: Id, reason: t.String() }), byOrder),
});
