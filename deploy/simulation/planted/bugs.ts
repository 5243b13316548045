import type { PlantedBug } from "../../../runtime/simulation/plant.ts";

/** Bugs in the shop's own rules. */
export const shopBugs: readonly PlantedBug[] = [
  {
    name: "held stock is not compensated",
    why: "An order that is rejected keeps what was held for it.",
    file: "modules/orders/sagas/place-order.ts",
    find: `    compensate: ({ id, call }) =>
      call(inventory.releaseStock,`,
    replace: `    forgotten: ({ id, call }) =>
      call(inventory.releaseStock,`,
    says: /its reservation held/,
  },
  {
    name: "a rejected order keeps its coupon",
    why: "A coupon is used up by orders that never stood.",
    file: "modules/orders/sagas/place-order.ts",
    find: "  releaseCoupon(tx, orderId);\n",
    replace: "",
    says: /its coupon is held/,
  },
  {
    name: "the lock of a cart never ends",
    why: "The cart of a rejected order stays locked for ever.",
    file: "modules/orders/sagas/place-order.ts",
    find: '  unlockCart(tx, { cartId, orderId, to: "open" });\n',
    replace: "",
    says: /K3/,
  },
  {
    name: "the provider is asked again with a new key",
    why: "An authorisation whose answer got lost is made a second time.",
    file: "modules/payments/provider-answers.ts",
    find: "provider.authorise({ operationId,",
    replace: `provider.authorise({
      operationId: \`\${operationId}-\${(globalThis.asked = (globalThis.asked ?? 0) + 1)}\`,`,
    says: /holds money .* more than once/,
    faults: { "outside-unanswered": 0.1 },
  },
  {
    name: "a checkout is answered from memory",
    why: "Whoever was told that it is confirmed is told that it is not yet decided.",
    file: "modules/orders/handlers/checkout-by-id.ts",
    find: "  return checkoutView(order, { orderToken, actionUrl });",
    replace: `  const views = (globalThis.checkoutViews ??= new Map());
  const view = checkoutView(order, { orderToken, actionUrl });
  views.set(orderId, views.get(orderId) ?? view);
  return waitMs > 0 ? views.get(orderId) : view;`,
    says: /was (confirmed|rejected), and then (running|action_required)/,
  },
  {
    name: "a cancelled order forgets what went back",
    why: "Payments has refunded it, and its own books say that it has not.",
    file: "modules/orders/sagas/book-reversal.ts",
    find: "setRefunded(tx, orderId, total);",
    replace: "setRefunded(tx, orderId, total - total);",
    says: /M4: The order ord_\S+ is cancelled/,
  },
  {
    name: "a refund has no bound",
    why: "More is given back than was paid.",
    file: "modules/orders/handlers/refund-order.ts",
    find: "if (wanted > refundable.amount || wanted <= 0)",
    replace: "if (wanted <= 0)",
    says: /more than was paid/,
  },
  {
    name: "stock is promised twice",
    why: "An order is not refused when there is not enough for it.",
    file: "modules/inventory/handlers/hold-stock.ts",
    find: "if (shortages.length > 0)",
    replace: "if (shortages.length > demand.length)",
    says: /CHECK constraint failed: on_hand|S1|S2/,
  },
  {
    name: "a cancelled order keeps its stock",
    why: "What is called back does not come back onto the shelf.",
    file: "modules/orders/sagas/cancel-order.ts",
    find: `      await call(inventory.releaseStock, { orderId, reason });
      return {};
    },
  })
  .step("reverse-payment", {`,
    replace: `      return {};
    },
  })
  .step("reverse-payment", {`,
    says: /cancelled, its reservation committed/,
  },
  {
    name: "stock is checked for each line alone",
    why: "Two lines of one variant are held as if there were one.",
    file: "modules/inventory/domain.ts",
    find: "    byVariant.set(variantId, (byVariant.get(variantId) ?? 0) + quantity);",
    replace: "    byVariant.set(variantId, quantity);",
    says: /were kept by phone/,
  },
  {
    name: "a hold never runs out",
    why: "Stock that was kept for a while is kept for ever.",
    file: "modules/inventory/handlers/hold-stock.ts",
    find: `        tx.schedule(inventory.expireHolds, {}, { key: "next", atMs: earliestMs });`,
    replace: "",
    says: /stock is held for phone_/,
  },
  {
    name: "silence of the provider is taken for a refusal",
    why: "An order is rejected whose payment was authorised after all.",
    file: "modules/payments/provider-answers.ts",
    find: '    return { ...silence, outcomes: new Map([[operationId, "unknown"]]) };',
    replace: '    return refusalOf(operation, "no_answer");',
    says: /and the shop refused it/,
  },
  {
    name: "a cancellation leaves no mark",
    why: "What is called back before it is opened is sent all the same.",
    file: "modules/shipping/handlers/open-fulfilment.ts",
    find: "      if (!consignments.openConsignment(tx, consignment)) {",
    replace: `      const isOpen = consignments.openConsignment(tx, consignment);
      if (!isOpen && shipments.shipmentOfRef(tx, orderId, null) !== undefined) {`,
    says: /was cancelled and has a parcel/,
    faults: { "disk-busy": 0.2 },
  },
  {
    name: "an authorisation that has not come is given up at once",
    why: "A request that is late still comes, and its money is kept for nobody.",
    file: "modules/payments/pursue.ts",
    find: "const REQUEST_LIFE_MS = 180_000;",
    replace: "const REQUEST_LIFE_MS = 0;",
    says: /the provider holds .*, and the shop believes 0/,
    faults: { "outside-late": 0.15 },
  },
  {
    name: "everybody is refused",
    why: "There is enough for an order, and it is refused all the same.",
    file: "modules/inventory/handlers/hold-stock.ts",
    find: "if (shortages.length > 0)",
    replace: "if (shortages.length >= 0)",
    says: /was refused \d+ of .*, and \d+ were never held/,
  },
  {
    name: "nobody is waited for",
    why: "An order whose payment is not yet decided is refused at once.",
    file: "modules/orders/sagas/place-order.ts",
    find: "if (now() >= verdict.untilMs)",
    replace: "if (verdict.untilMs > 0)",
    says: /was refused \d+ s after it was placed/,
  },
  {
    name: "mails are never handed over",
    why: "A mail is noted as sent that no mail server has seen.",
    file: "modules/notifications/handlers/deliver-mail.ts",
    find: "await send({ ...mail, text })",
    replace: '(void send, void text, { kind: "taken" as const })',
    says: /is noted as sent, and the mail server never took it/,
  },
  {
    name: "a release leaves no mark",
    why: "Stock is held for ever that was given back before it was asked for.",
    file: "modules/inventory/handlers/release-stock.ts",
    find: `        reservations.addReservation(tx, { orderId, state: "released", untilMs: tx.now });
`,
    replace: "",
    says: /stock is held for phone_/,
  },
  {
    name: "a reversal leaves no mark",
    why: "A card is charged for what was called back before it was asked for.",
    file: "modules/payments/handlers/authorise.ts",
    find: '      if (store.isReversed(tx, orderId)) throw fail("PAYMENT_REVERSED", { orderId });\n',
    replace: "",
    says: /the provider holds .*, and the shop will not see to it/,
  },
  {
    name: "what is authorised after it was called back is left alone",
    why: "Money is held for somebody who hung up before the provider had answered.",
    file: "modules/payments/domain/ledger.ts",
    find: '  if (payment.reversed && nextUndo(payment) !== "whole") return nowMs + pauseMs;\n',
    replace: "",
    says: /the provider holds .*, and the shop will not see to it/,
    faults: { "outside-unanswered": 0.2 },
  },
  {
    name: "a mail has the text of another",
    why: "A customer is told of somebody else's order, with the link to it.",
    file: "modules/notifications/handlers/deliver-mail.ts",
    find: "  const text = wholeText(mail, publicUrl);",
    replace: "  const text = (globalThis.firstText ??= wholeText(mail, publicUrl));",
    says: /tells of another order/,
  },
  {
    name: "a mail leads to the order of another",
    why: "Whoever follows its link sees what somebody else bought.",
    file: "modules/notifications/handlers/deliver-mail.ts",
    find: "wholeText(mail, publicUrl)",
    replace: `wholeText(
      { ...mail, linkPath: (globalThis.firstPath ??= mail.linkPath) }, publicUrl)`,
    says: /tells of another order than .* \/orders\/ord_/,
  },
  {
    name: "a mail goes to whoever had the first one",
    why: "What somebody ordered is told to a stranger.",
    file: "modules/notifications/handlers/deliver-mail.ts",
    find: "await send({ ...mail, text })",
    replace: `await send({
      ...mail, text, recipient: (globalThis.firstRecipient ??= mail.recipient) })`,
    says: /the mail .* went to/,
  },
  {
    name: "the provider is told of another order",
    why: "It holds money of which nobody can tell whose it is.",
    file: "modules/payments/provider-answers.ts",
    find: "    const metadata = { paymentId, orderId, attempt, operationId };",
    replace: "    const metadata = { paymentId, orderId: paymentId, attempt, operationId };",
    says: /the provider holds .* of pay_.*, and the shop has no payment of it/,
  },
  {
    name: "a step calls what its module does not declare",
    why: "It is told at once, and the order has no shipment.",
    file: "modules/orders/uses.ts",
    find: "  shipping.openFulfilment,\n",
    replace: "",
    says: /the saga orders.place-order of ord_\S+ is stuck/,
  },
];
