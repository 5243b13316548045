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
    find: "      await call(inventory.releaseStock, { orderId, reason });\n",
    replace: "",
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
];
