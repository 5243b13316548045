import { command, contract, event, moneySchema, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const PaymentState = t.Union([
  t.Literal("created"),
  t.Literal("authorising"),
  t.Literal("authorised"),
  t.Literal("action_required"),
  t.Literal("declined"),
  t.Literal("unknown"),
  t.Literal("capturing"),
  t.Literal("captured"),
  t.Literal("voiding"),
  t.Literal("voided"),
  t.Literal("expired"),
]);

/** What is asked for: an amount that is not negative. */
const Due = t.Object({
  amount: t.Integer({ minimum: 0, maximum: 1_000_000_000_000 }),
  currency: t.String({ pattern: "^[A-Z]{3}$" }),
});

/** One payment as the fold of its ledger. Amounts are in the payment's currency. */
const Payment = t.Object({
  paymentId: Id,
  orderId: Id,
  attempt: t.Integer({ minimum: 1 }),
  state: PaymentState,
  total: moneySchema,
  authorised: moneySchema,
  captured: moneySchema,
  refunded: moneySchema,
  /** Where the customer completes 3-D Secure, while the state is action_required. */
  actionUrl: t.Union([t.String(), t.Null()]),
  declineCode: t.Union([t.String(), t.Null()]),
});

/** Events about one order are taken in in order. */
const byOrder = { key: "orderId" } as const;

/** What payments promises: to move an order's money once, and to know what became of it. */
export const payments = contract("payments", {
  /**
   * Authorises an order's total on a card token. The natural key is order and attempt: repeating it
   * never charges twice. `state` says how it stands: authorised, action_required, declined, or
   * unknown when the provider gave no answer; payments then asks the provider until it knows.
   */
  authorise: command({
    input: t.Object({
      orderId: Id,
      attempt: t.Integer({ minimum: 1, maximum: 99 }),
      amount: Due,
      token: t.String({ minLength: 1, maxLength: 200 }),
    }),
    output: Payment,
    errors: {
      /** The order was reversed before this arrived. */
      PAYMENT_REVERSED: t.Object({ orderId: Id }),
      /** The same order and attempt was authorised with another amount or currency. */
      PAYMENT_MISMATCH: t.Object({ orderId: Id, attempt: t.Integer() }),
      /** Another attempt for the same order holds money, or may. */
      PAYMENT_IN_PROGRESS: t.Object({ orderId: Id, attempt: t.Integer() }),
    },
  }),

  /** The newest payment of an order, or null. */
  paymentOfOrder: query({
    input: t.Object({ orderId: Id }),
    output: t.Union([Payment, t.Null()]),
  }),

  /** One payment with the newest of its operations and of its ledger. */
  paymentById: query({
    input: t.Object({ paymentId: Id }),
    output: t.Object({
      payment: Payment,
      operations: t.Array(
        t.Object({
          operationId: Id,
          kind: t.String(),
          amount: moneySchema,
          state: t.String(),
          /** Asked for by a caller, or part of a reversal of its own order. */
          cause: t.Union([t.Literal("request"), t.Literal("reversal")]),
        }),
        { maxItems: 500 },
      ),
      entries: t.Array(
        t.Object({
          kind: t.String(),
          amount: moneySchema,
          providerRef: t.String(),
          atMs: t.Integer(),
        }),
        { maxItems: 500 },
      ),
    }),
    errors: { PAYMENT_NOT_FOUND: t.Object({ paymentId: Id }) },
  }),

  /**
   * Takes the authorised money, whole, once. Repeating it changes nothing, save after the provider
   * refused: then it is a new try. `capturing` means that the provider has not said yet.
   */
  capture: command({
    input: t.Object({ orderId: Id }),
    output: Payment,
    errors: {
      CAPTURE_FAILED: t.Object({ orderId: Id, reason: t.String() }),
      PAYMENT_NOT_FOUND: t.Object({ orderId: Id }),
    },
  }),

  /**
   * Makes an order's money whole: voids what is authorised, refunds what is captured. It succeeds
   * when there is nothing to undo and leaves a mark that refuses a later authorisation. While the
   * outcome of an operation is unknown the answer has `settled: false`, and payments goes on by
   * itself. Repeating it changes nothing.
   */
  reverse: command({
    input: t.Object({ orderId: Id, reason: t.String({ maxLength: 200 }) }),
    output: t.Object({ settled: t.Boolean() }),
  }),

  /**
   * Gives back part or all of a captured payment; never more than is left of it. The refund's id
   * makes it repeatable.
   */
  refund: command({
    input: t.Object({
      orderId: Id,
      refundId: Id,
      amount: t.Object({
        amount: t.Integer({ minimum: 1, maximum: 1_000_000_000_000 }),
        currency: t.String({ pattern: "^[A-Z]{3}$" }),
      }),
      reason: t.String({ maxLength: 500 }),
    }),
    output: t.Object({
      refundId: Id,
      state: t.Union([t.Literal("succeeded"), t.Literal("pending"), t.Literal("failed")]),
      payment: Payment,
    }),
    errors: {
      REFUND_TOO_HIGH: t.Object({ refundable: moneySchema }),
      /** The payment has as many refunds as there may be of one. */
      REFUNDS_FULL: t.Object({ refundsMax: t.Integer() }),
      /** The same refund was asked for with another amount. */
      REFUND_MISMATCH: t.Object({ refundId: Id }),
      PAYMENT_NOT_FOUND: t.Object({ orderId: Id }),
    },
  }),

  /** The refunds of an order, by whomever they were asked for. */
  refundsOf: query({
    input: t.Object({ orderId: Id }),
    output: t.Object({
      /** Nothing of the order's money is held, and nothing that could change that is under way. */
      isWhole: t.Boolean(),
      refunds: t.Array(
        t.Object({
          /** As in the events; for one that was not asked for by an id, one of payments' own. */
          refundId: Id,
          amount: moneySchema,
          state: t.Union([t.Literal("pending"), t.Literal("succeeded"), t.Literal("failed")]),
        }),
        { maxItems: 1000 },
      ),
    }),
  }),

  /** Asks the provider how a payment stands and records the answer. Repeating it is harmless. */
  syncPayment: command({
    input: t.Object({ paymentId: Id }),
    output: Payment,
    errors: { PAYMENT_NOT_FOUND: t.Object({ paymentId: Id }) },
  }),

  /** Asks the provider on its own schedule while an outcome is unknown or pending. */
  resolvePayment: command({
    input: t.Object({ paymentId: Id, round: t.Integer() }),
    output: t.Object({ definite: t.Boolean() }),
  }),

  /**
   * Takes in a provider's webhook: verifies the signature over the raw body, stores it, then folds
   * it. The provider's event id makes it repeatable.
   */
  receiveWebhook: command({
    input: t.Object({
      provider: Id,
      /** The raw body, as text, exactly as received. */
      body: t.String({ maxLength: 65_536 }),
      signature: t.String({ maxLength: 500 }),
    }),
    output: t.Object({ stored: t.Boolean() }),
    errors: {
      WEBHOOK_SIGNATURE_INVALID: t.Object({ reason: t.String() }),
      /** It is signed, but it is not JSON, or tells of no payment as this shop knows them. */
      WEBHOOK_UNREADABLE: t.Object({ reason: t.String() }),
    },
  }),

  /** What the simulated bank's 3-D Secure page shows; there is none in production. */
  challengeOf: query({
    ownerOnly: true,
    input: t.Object({ reference: t.String({ minLength: 1, maxLength: 120 }) }),
    output: t.Object({ orderId: Id, amount: moneySchema, open: t.Boolean() }),
    errors: { CHALLENGE_NOT_FOUND: t.Object({ reference: t.String() }) },
  }),

  /**
   * Ends a simulated 3-D Secure as the customer chose; the shop learns of it by webhook, as of a
   * real one. The first result stands; repeating it changes nothing.
   */
  completeChallenge: command({
    input: t.Object({
      reference: t.String({ minLength: 1, maxLength: 120 }),
      result: t.Union([t.Literal("ok"), t.Literal("fail")]),
    }),
    output: t.Object({}),
    errors: { CHALLENGE_NOT_FOUND: t.Object({ reference: t.String() }) },
  }),

  /** Checks P1 to P6 and W2 of this module's own books and returns what does not hold. */
  audit: query({
    input: t.Object({}),
    output: t.Array(t.Object({ invariant: t.String(), detail: t.String() }), { maxItems: 100 }),
  }),

  paymentActionRequired: event(
    1,
    t.Object({ orderId: Id, paymentId: Id, actionUrl: t.String() }),
    byOrder,
  ),
  paymentAuthorised: event(
    1,
    t.Object({ orderId: Id, paymentId: Id, amount: moneySchema }),
    byOrder,
  ),
  paymentDeclined: event(1, t.Object({ orderId: Id, paymentId: Id, code: t.String() }), byOrder),
  paymentUnknown: event(1, t.Object({ orderId: Id, paymentId: Id }), byOrder),
  paymentCaptured: event(1, t.Object({ orderId: Id, paymentId: Id, amount: moneySchema }), byOrder),
  captureFailed: event(1, t.Object({ orderId: Id, paymentId: Id, reason: t.String() }), byOrder),
  paymentVoided: event(1, t.Object({ orderId: Id, paymentId: Id }), byOrder),
  authorisationExpired: event(1, t.Object({ orderId: Id, paymentId: Id }), byOrder),
  refundSucceeded: event(
    1,
    t.Object({ orderId: Id, paymentId: Id, refundId: Id, amount: moneySchema }),
    byOrder,
  ),
  refundFailed: event(
    1,
    t.Object({ orderId: Id, paymentId: Id, refundId: Id, reason: t.String() }),
    byOrder,
  ),
});
