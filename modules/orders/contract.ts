import { addressSchema } from "#modules/shipping";
import { command, contract, emailAddress, event, moneySchema, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const Email = emailAddress({ minLength: 3, maxLength: 320 });
const Quantity = t.Integer({ minimum: 1, maximum: 999 });
/** A point in time: up to the last that there is. */
const AtMs = t.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });
const UsesMax = t.Integer({ minimum: 1, maximum: 1_000_000_000 });
/** How long a query may wait for what it asks about to be decided, in milliseconds. */
const WaitMs = t.Optional(t.Integer({ minimum: 0, maximum: 10_000 }));

/** A cart is opened by its token, or by the customer who owns it. */
const CartAccess = { cartId: Id, cartToken: t.Optional(t.String({ maxLength: 100 })) };
const CartInput = t.Object(CartAccess);
/** An order is opened by its token (from the mail or the checkout), by its owner, or by staff. */
const OrderAccess = { orderId: Id, orderToken: t.Optional(t.String({ maxLength: 100 })) };

const TaxLine = t.Object({ rateBasisPoints: t.Integer(), net: moneySchema, tax: moneySchema });
const Totals = t.Object({
  /** Sum of the lines before discount. */
  subtotal: moneySchema,
  discount: moneySchema,
  shipping: moneySchema,
  /** The tax within the total. */
  tax: moneySchema,
  taxLines: t.Array(TaxLine, { maxItems: 10 }),
  total: moneySchema,
});
const CartState = t.Union([
  t.Literal("open"),
  t.Literal("locked"),
  t.Literal("ordered"),
  t.Literal("merged"),
  t.Literal("expired"),
]);
const Cart = t.Object({
  cartId: Id,
  version: t.Integer(),
  state: CartState,
  email: t.Union([t.String(), t.Null()]),
  address: t.Union([addressSchema, t.Null()]),
  lines: t.Array(
    t.Object({
      itemId: Id,
      variantId: Id,
      sku: t.String(),
      title: t.String(),
      quantity: Quantity,
      unitPrice: moneySchema,
      total: moneySchema,
      /** False when it cannot be bought now: unknown, or taken off sale. */
      sellable: t.Boolean(),
    }),
    { maxItems: 100 },
  ),
  shippingOptionId: t.Union([t.String(), t.Null()]),
  coupon: t.Union([
    t.Object({
      code: t.String(),
      applies: t.Boolean(),
      /** Why it does not apply. */
      reason: t.Union([t.String(), t.Null()]),
    }),
    t.Null(),
  ]),
  totals: Totals,
  /** What changed by itself since the customer's last edit, as in "price". */
  changes: t.Array(t.Object({ itemId: Id, what: t.String() }), { maxItems: 200 }),
});
const CartErrors = {
  /** Unknown, or not this caller's. */
  CART_NOT_FOUND: t.Object({ cartId: Id }),
  /** A checkout has it, or it has been ordered. */
  CART_LOCKED: t.Object({ cartId: Id, state: CartState }),
};

const AddressErrors = { ...CartErrors, ADDRESS_MISSING: t.Object({ cartId: Id }) };
const CheckoutErrors = { CHECKOUT_NOT_FOUND: t.Object({ checkoutId: Id }) };
/** A cart may have so many lines, of so many units each, that cost so much in minor units. */
const Full = t.Object({ linesMax: t.Integer(), quantityMax: t.Integer(), worthMax: t.Integer() });
const OrderStatus = t.Union([
  t.Literal("pending"),
  t.Literal("confirmed"),
  t.Literal("rejected"),
  t.Literal("cancelling"),
  t.Literal("cancelled"),
  t.Literal("completed"),
]);
const TimelineEntry = t.Object({ what: t.String(), by: t.String(), atMs: t.Integer() });
const RejectionData = t.Record(t.String(), t.String(), { maxProperties: 20 });
const Rejection = t.Object({ code: t.String(), data: RejectionData });
const Order = t.Object({
  orderId: Id,
  number: t.Integer(),
  status: OrderStatus,
  email: t.String(),
  currency: t.String(),
  lines: t.Array(
    t.Object({
      variantId: Id,
      sku: t.String(),
      title: t.String(),
      quantity: Quantity,
      unitPrice: moneySchema,
      discount: moneySchema,
      net: moneySchema,
      tax: moneySchema,
    }),
    { maxItems: 100 },
  ),
  address: t.Union([addressSchema, t.Null()]),
  couponCode: t.Union([t.String(), t.Null()]),
  totals: Totals,
  refunded: moneySchema,
  rejection: t.Union([Rejection, t.Null()]),
  placedAtMs: t.Integer(),
  timeline: t.Array(TimelineEntry, { maxItems: 500 }),
});
const RefundState = t.Union([t.Literal("requested"), t.Literal("succeeded"), t.Literal("failed")]);
/** Which order an event is about, and whom to tell. */
const Told = { orderId: Id, number: t.Integer(), email: t.String() };
const Placed = t.Object({ orderId: Id, number: t.Integer(), total: moneySchema });
const Titled = { title: t.String(), quantity: Quantity };
const Confirmed = t.Object({
  ...Told,
  total: moneySchema,
  /** What leads from the lines' sums to the total; older events do not tell it. */
  discount: t.Optional(moneySchema),
  shipping: t.Optional(moneySchema),
  lines: t.Array(t.Object({ ...Titled, total: moneySchema }), { maxItems: 100 }),
});
const Shipped = t.Object({
  ...Told,
  shipmentId: t.Optional(Id),
  carrier: t.String(),
  trackingNumber: t.String(),
  lines: t.Optional(t.Array(t.Object(Titled), { maxItems: 100 })),
});
/** Events about one order are taken in in order. */
const byOrder = { key: "orderId" } as const;
const Missing = { ORDER_NOT_FOUND: t.Object({ orderId: Id }) };

/** A checkout's state. A command answers with it alone, since its answer may be kept in a row. */
const Standing = {
  checkoutId: Id,
  state: t.Union([
    t.Literal("running"),
    t.Literal("action_required"),
    t.Literal("confirmed"),
    t.Literal("rejected"),
  ]),
  orderId: Id,
  orderNumber: t.Integer(),
  total: moneySchema,
  actionUrl: t.Union([t.String(), t.Null()]),
  /** Why it was rejected: out_of_stock, payment_declined, abandoned, deadline… */
  reason: t.Union([t.String(), t.Null()]),
};
/** The same with the token that opens the order without an account. */
const Checkout = t.Object({ ...Standing, orderToken: t.String() });
const Violation = t.Object({ invariant: t.String(), detail: t.String() });
const CouponTooHigh = t.Object({ valueMax: t.Integer() });
const CouponKind = t.Union([t.Literal("percent"), t.Literal("fixed"), t.Literal("free_shipping")]);

/**
 * What orders promises: carts, and orders that end confirmed or rejected with nothing left hanging.
 */
export const orders = contract("orders", {
  // --- Carts. Every edit answers with the whole cart, priced anew. ---
  /** Opens a cart; its token opens it again. A customer gets their one open cart, each time. */
  createCart: command({
    input: t.Object({}),
    output: t.Object({ cartId: Id, cartToken: t.String() }),
  }),
  /** The cart, priced now. */
  cartById: query({ ownerOnly: true, input: CartInput, output: Cart, errors: CartErrors }),
  /** Adds units of a variant; the same variant adds up. Keyed calls add once. */
  addItem: command({
    input: t.Object({ ...CartAccess, variantId: Id, quantity: Quantity }),
    output: Cart,
    errors: { ...CartErrors, VARIANT_NOT_FOUND: t.Object({ variantId: Id }), CART_FULL: Full },
  }),
  /** Sets a line's quantity. */
  changeItem: command({
    input: t.Object({ ...CartAccess, itemId: Id, quantity: Quantity }),
    output: Cart,
    errors: { ...CartErrors, ITEM_NOT_FOUND: t.Object({ itemId: Id }), CART_FULL: Full },
  }),
  /** Removes a line; one that is gone already stays gone. */
  removeItem: command({
    input: t.Object({ ...CartAccess, itemId: Id }),
    output: Cart,
    errors: CartErrors,
  }),
  /** Sets the address for mails about the order. */
  setContact: command({
    input: t.Object({ ...CartAccess, email: Email }),
    output: Cart,
    errors: CartErrors,
  }),
  /** Sets where to ship to; the shipping option is chosen anew if it is not offered there. */
  setAddress: command({
    input: t.Object({ ...CartAccess, address: addressSchema }),
    output: Cart,
    errors: CartErrors,
  }),
  /** What delivery of this cart to its address costs. */
  shippingOptions: query({
    ownerOnly: true,
    input: t.Object(CartAccess),
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
    errors: AddressErrors,
  }),
  /** Chooses a delivery option. */
  chooseShipping: command({
    input: t.Object({ ...CartAccess, optionId: Id }),
    output: Cart,
    errors: { ...AddressErrors, OPTION_NOT_FOUND: t.Object({ optionId: Id }) },
  }),
  /** Puts a coupon on the cart. */
  applyCoupon: command({
    input: t.Object({ ...CartAccess, code: t.String({ minLength: 1, maxLength: 40 }) }),
    output: Cart,
    errors: { ...CartErrors, COUPON_NOT_APPLICABLE: t.Object({ reason: t.String() }) },
  }),
  /** Takes the coupon off. */
  removeCoupon: command({ input: t.Object(CartAccess), output: Cart, errors: CartErrors }),

  // --- Checkout. ---
  /**
   * Places the order of a cart and starts its saga. One cart has one live order: a repeat with the
   * same key answers with the same checkout, one with another key is CHECKOUT_IN_PROGRESS.
   */
  startCheckout: command({
    input: t.Object({
      ...CartAccess,
      cartVersion: t.Integer({ minimum: 0 }),
      expectedTotal: moneySchema,
      paymentToken: t.String({ minLength: 1, maxLength: 200 }),
      note: t.Optional(t.String({ maxLength: 1_000 })),
    }),
    output: t.Object(Standing),
    errors: {
      ...CartErrors,
      CART_CHANGED: t.Object({ version: t.Integer() }),
      PRICE_CHANGED: t.Object({ total: moneySchema }),
      CHECKOUT_IN_PROGRESS: t.Object({ checkoutId: Id }),
      CART_INCOMPLETE: t.Object({ missing: t.Array(t.String(), { maxItems: 10 }) }),
      COUPON_NOT_APPLICABLE: t.Object({ reason: t.String() }),
    },
  }),
  /** How a checkout stands; with `waitMs` it answers when it is decided or the time is over. */
  checkoutById: query({
    ownerOnly: true,
    input: t.Object({ checkoutId: Id, cartToken: CartAccess.cartToken, waitMs: WaitMs }),
    output: Checkout,
    errors: CheckoutErrors,
  }),
  /** The customer gives up while an action is required: all is undone and the cart opens again. */
  abandonCheckout: command({
    input: t.Object({ checkoutId: Id, cartToken: CartAccess.cartToken }),
    output: t.Object(Standing),
    errors: { ...CheckoutErrors, CHECKOUT_DECIDED: t.Object({ checkoutId: Id }) },
  }),

  // --- Orders. ---
  /** The caller's own orders, newest first; all orders for staff. */
  ordersOf: query({
    input: t.Object({
      cursor: t.Optional(t.String({ maxLength: 200 })),
      limit: t.Optional(t.Integer({ minimum: 1, maximum: 100 })),
    }),
    output: t.Object({
      items: t.Array(
        t.Object({
          orderId: Id,
          number: t.Integer(),
          status: OrderStatus,
          total: moneySchema,
          placedAtMs: t.Integer(),
        }),
        { maxItems: 100 },
      ),
      nextCursor: t.Union([t.String(), t.Null()]),
    }),
    errors: { CURSOR_INVALID: t.Object({}) },
  }),
  /**
   * One order, for its owner, its token or staff. With `waitMs` one that is being cancelled is
   * answered when that is decided, waits for a parcel, or the time is over.
   */
  orderById: query({
    ownerOnly: true,
    input: t.Object({ ...OrderAccess, waitMs: WaitMs }),
    output: Order,
    errors: Missing,
  }),
  /** The tokens that open orders, in the order of the ids: for links in mails, and on no route. */
  orderTokens: query({
    ownerOnly: true,
    input: t.Object({ orderIds: t.Array(Id, { maxItems: 100 }) }),
    output: t.Array(t.String(), { maxItems: 100 }),
  }),
  /**
   * Cancels a confirmed order of which nothing has left: the parcels are called back, stock and
   * money are made whole. The answer is `cancelling`. While a parcel is being dispatched it stays
   * so: a dispatch that fails lets the cancellation go on, one that succeeds makes the order
   * `confirmed` again, with "shipped" in its timeline. Repeating it changes nothing.
   */
  cancelOrder: command({
    input: t.Object({ ...OrderAccess, reason: t.Optional(t.String({ maxLength: 200 })) }),
    output: Order,
    errors: {
      ...Missing,
      /** Its status does not allow it; of a confirmed order a parcel has left. */
      NOT_CANCELLABLE: t.Object({ status: OrderStatus }),
    },
  }),
  /** Gives money back on a captured order. The refund's id makes it repeatable. For staff. */
  refundOrder: command({
    input: t.Object({
      orderId: Id,
      refundId: Id,
      amount: moneySchema,
      reason: t.String({ minLength: 1, maxLength: 500 }),
    }),
    output: t.Object({ refundId: Id, state: RefundState }),
    errors: {
      ...Missing,
      REFUND_TOO_HIGH: t.Object({ refundable: moneySchema }),
      /** The order has as many refunds as there may be of one. */
      REFUNDS_FULL: t.Object({ refundsMax: t.Integer() }),
      /** The id was used for another order or amount. */
      REFUND_MISMATCH: t.Object({ refundId: Id }),
    },
  }),
  /** How a refund stands; with `waitMs` it answers when it is decided or the time is over. */
  refundById: query({
    ownerOnly: true,
    input: t.Object({ refundId: Id, waitMs: WaitMs }),
    output: t.Object({ refundId: Id, orderId: Id, amount: moneySchema, state: RefundState }),
    errors: { REFUND_NOT_FOUND: t.Object({ refundId: Id }) },
  }),

  // --- For staff and set-up. ---
  /** Creates a coupon. Repeating it with the same code is refused. */
  createCoupon: command({
    input: t.Object({
      code: t.String({ pattern: "^[A-Z0-9-]{1,40}$" }),
      kind: CouponKind,
      /** Basis points for percent (up to 10,000), minor units for fixed, 0 for free_shipping. */
      value: t.Integer({ minimum: 0, maximum: moneySchema.properties.amount.maximum ?? 0 }),
      minimumSubtotal: t.Optional(moneySchema),
      startsAtMs: t.Optional(AtMs),
      endsAtMs: t.Optional(AtMs),
      usesMax: t.Optional(UsesMax),
      usesPerCustomerMax: t.Optional(UsesMax),
    }),
    output: t.Object({ code: t.String() }),
    errors: { COUPON_EXISTS: t.Object({ code: t.String() }), COUPON_TOO_HIGH: CouponTooHigh },
  }),
  /** Lets carts run out that were not touched for long. Scheduled for each cart. */
  expireCart: command({
    input: t.Object({ cartId: Id }),
    output: t.Object({ expired: t.Boolean() }),
  }),
  /**
   * Checks the shop's books: what leaves a trace in those of orders, inventory, payments and
   * shipping, and between them, over the orders placed since `sinceMs`.
   */
  reconcile: query({
    input: t.Object({ sinceMs: t.Optional(AtMs) }),
    output: t.Object({
      checkedOrders: t.Integer(),
      violations: t.Array(Violation, { maxItems: 500 }),
    }),
  }),

  orderPlaced: event(1, Placed, byOrder),
  /** Published at the pivot, never before. Version 1 had the order's token. */
  orderConfirmed: event(2, Confirmed, byOrder),
  orderRejected: event(1, t.Object({ orderId: Id, reason: t.String() }), byOrder),
  orderCancelled: event(1, t.Object({ ...Told, reason: t.String() }), byOrder),
  /** One parcel of an order left. Which one and what is in it older events do not tell. */
  orderShipped: event(1, Shipped, byOrder),
  orderRefunded: event(1, t.Object({ ...Told, amount: moneySchema }), byOrder),
  orderCompleted: event(1, t.Object({ orderId: Id }), byOrder),
});
