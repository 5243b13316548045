import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { type Call, SagaRefusal, t, waitUntil } from "#runtime";
import * as shipments from "../store/shipments.ts";
import { saga } from "../uses.ts";

/** Between two looks at a capture that the provider has not answered; an event comes sooner. */
const LOOK_MS = 10_000;
/** How long a dispatch waits for the provider's answer before it is packed again. */
const CAPTURE_PATIENCE_MS = 30 * 60_000;
/**
 * Ten years: only an answer turns a dispatch back. Past the capture it must ship, because the money
 * and the stock are taken, and for how long a neighbour is away says nothing about either.
 */
const DEADLINE_MS = 10 * 365 * 24 * 3_600_000;

const Dispatch = t.Object({
  orderId: t.String(),
  shipmentId: t.String(),
  lines: shipping.shipmentShipped.payload.properties.lines,
  requestedAtMs: t.Integer(),
});

/**
 * From a requested dispatch to a shipped parcel: the money first, then the stock, then the word.
 *
 * Nothing is undone when it turns back. Both steps are repeatable by order and by shipment, so that
 * the next dispatch of the shipment finds money taken already, and takes no stock twice.
 */
export const dispatch = saga("shipping.dispatch", {
  version: 1,
  input: Dispatch,
  deadlineMs: DEADLINE_MS,
})
  .step("capture", {
    run: async ({ input: { orderId, requestedAtMs }, call, now }) => {
      const state = await captureState(call, orderId);
      if (state === "captured") return { captured: true };
      if (state !== "capturing") throw new SagaRefusal("CAPTURE_FAILED", { reason: state });
      const patientUntilMs = requestedAtMs + CAPTURE_PATIENCE_MS;
      if (now() >= patientUntilMs) throw new SagaRefusal("CAPTURE_UNANSWERED");
      return waitUntil(Math.min(now() + LOOK_MS, patientUntilMs));
    },
  })
  .step("consume", {
    run: ({ input: { orderId, shipmentId, lines }, call }) =>
      call(inventory.consumeStock, { orderId, shipmentId, lines }),
  })
  .pivot("ship", (tx, { input: { orderId, shipmentId, lines } }) => {
    const { carrier, trackingNumber } = shipments.requestedDispatch(tx, shipmentId);
    shipments.setState(tx, shipmentId, "shipped");
    tx.emit(shipping.shipmentShipped, { orderId, shipmentId, carrier, trackingNumber, lines });
  })
  .ending((tx, { input: { orderId, shipmentId }, failure }) => {
    if (failure === null) return;
    const reason = reasonOf(failure.code, failure.data);
    shipments.failDispatch(tx, { shipmentId, failure: reason });
    tx.emit(shipping.dispatchFailed, { orderId, shipmentId, reason });
  });

/**
 * Asks for the capture once, and then how the payment stands: the stored answer may be old. Money
 * that was all given back pays for no parcel.
 */
async function captureState(
  call: Call<typeof payments.capture | typeof payments.paymentOfOrder>,
  orderId: string,
): Promise<string> {
  await call(payments.capture, { orderId });
  const payment = await call(payments.paymentOfOrder, { orderId });
  if (payment === null) return "gone";
  const { state, captured, refunded } = payment;
  return state === "captured" && refunded.amount >= captured.amount ? "refunded" : state;
}

function reasonOf(code: string, data: unknown): string {
  const hasReason = typeof data === "object" && data !== null && "reason" in data;
  return hasReason ? `${code}: ${data.reason}` : code;
}
