import type { PlantedBug } from "../../../runtime/simulation/plant.ts";

/** Bugs in what leaves the shop, in one parcel or in two. */
export const parcelBugs: readonly PlantedBug[] = [
  {
    name: "of two parcels one is told of",
    why: "The mail is about the order, which has one already when the second parcel leaves.",
    file: "modules/notifications/reactions/on-order-shipped.ts",
    find: "about: shipmentId ?? orderId,",
    replace: "about: orderId,",
    says: /no mail tells of the parcel T-\d+-\d, which has left/,
  },
  {
    name: "an order is complete with its first parcel",
    why: "What has not arrived yet is taken for delivered.",
    file: "modules/orders/reactions/on-shipment-delivered.ts",
    find: "if (!isComplete) return;",
    replace: "",
    says: /is complete, and has not arrived/,
  },
  {
    name: "no order is ever complete",
    why: "Nobody hears that all has arrived.",
    file: "modules/shipping/domain/shipment.ts",
    find: "(units.get(variantId) ?? 0) >= quantity",
    replace: "(units.get(variantId) ?? 0) > quantity",
    says: /has arrived, and is not complete/,
  },
  {
    name: "what is packed is sent in another parcel, too",
    why: "Only what has left is taken off what is left to send.",
    file: "modules/shipping/handlers/create-shipment.ts",
    find: 'all.filter(({ state }) => state !== "cancelled")',
    replace: 'all.filter(({ state }) => state === "shipped")',
    says: /O9: ord_\S+ ordered \d of \S+, its live shipments hold \d/,
  },
  {
    name: "the second parcel finds no stock",
    why: "The stock of an order is taken to have gone out with its first parcel.",
    file: "modules/inventory/handlers/consume-stock.ts",
    find: "if (!reservations.hasOpenLine(tx, orderId)) {",
    replace: "if (demand.length > 0) {",
    says: /is packed again, since NOT_COMMITTED/,
  },
  {
    name: "what has left can be cancelled",
    why: "That one parcel is on its way is no reason while another is not.",
    file: "modules/shipping/domain/shipment.ts",
    find: "const isTooLate = states.some(hasLeft);",
    replace: "const isTooLate = states.length > 0 && states.every(hasLeft);",
    says: /was cancelled and has a parcel that is (shipped|delivered)/,
  },
  {
    name: "a wholly refunded order goes on",
    why: "Goods are sent to somebody who has all of their money back.",
    file: "modules/orders/stopping.ts",
    find: 'if (order?.status !== "confirmed" || order.refunded < order.total',
    replace: 'if (order?.status !== "confirmed" || order.refunded > 0',
    says: /ord_\S+ was wholly refunded, and (has a parcel that is yet to leave|is not at its end)/,
  },
  {
    name: "what is being dispatched has left",
    why: "A cancellation is refused for good, and then the money is, and the parcel comes back.",
    file: "modules/shipping/domain/shipment.ts",
    find: 'if (states.includes("ship_requested")) return "wait";',
    replace: 'if (states.includes("ship_requested")) return "too late";',
    says: /was not cancelled, and nothing of it has left|has a parcel that is yet to leave/,
  },
];
