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
];
