export const shipmentStates = [
  "pending",
  "packed",
  "ship_requested",
  "shipped",
  "delivered",
  "cancelled",
] as const;
export type ShipmentState = (typeof shipmentStates)[number];

export const consignmentStates = ["open", "cancelled"] as const;

export interface Line {
  readonly variantId: string;
  readonly quantity: number;
}

/** A parcel, without its lines. */
export interface Shipment {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly state: ShipmentState;
  readonly carrier: string | null;
  readonly trackingNumber: string | null;
  readonly failure: string | null;
  /** How often it was sent off. */
  readonly dispatches: number;
}

/** From which state each state is reached. A failed dispatch goes back to packed besides. */
const comesFrom: { readonly [state in ShipmentState]: readonly ShipmentState[] } = {
  pending: [],
  packed: ["pending"],
  ship_requested: ["packed"],
  shipped: ["ship_requested"],
  delivered: ["shipped"],
  cancelled: ["pending", "packed"],
};

/** Whether staff may move a shipment so; "done" when it is there already. */
export function transition(from: ShipmentState, to: ShipmentState): "move" | "done" | "illegal" {
  if (from === to) return "done";
  return comesFrom[to].includes(from) ? "move" : "illegal";
}

/**
 * Whether a shipment may be sent off with a carrier and number; "done" when it was, with the same.
 */
export function dispatchDecision(
  shipment: Shipment,
  { carrier, trackingNumber }: { readonly carrier: string; readonly trackingNumber: string },
): "move" | "done" | "illegal" {
  const { state } = shipment;
  if (state !== "ship_requested" && state !== "shipped") return transition(state, "ship_requested");
  const isSame = shipment.carrier === carrier && shipment.trackingNumber === trackingNumber;
  return isSame ? "done" : "illegal";
}

/** Reports whether a shipment has really left: only then is it too late to cancel it. */
export function hasLeft(state: ShipmentState): boolean {
  return state === "shipped" || state === "delivered";
}

/**
 * Decides the cancellation of a fulfilment from the states of its shipments. Whether it is too late
 * is open while a dispatch is under way, which may still fail: then it waits.
 */
export function cancelDecision(
  states: readonly ShipmentState[],
  scope: "whole" | "rest",
): "cancel" | "cancel rest" | "wait" | "too late" {
  const isTooLate = states.some(hasLeft);
  if (isTooLate && scope === "whole") return "too late";
  if (states.includes("ship_requested")) return "wait";
  return isTooLate ? "cancel rest" : "cancel";
}

/** The wanted units, each variant once. */
export function demandOf(lines: readonly Line[]): Line[] {
  return Array.from(unitsOf(lines), ([variantId, quantity]) => ({ variantId, quantity }));
}

function unitsOf(lines: readonly Line[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { variantId, quantity } of lines) {
    units.set(variantId, (units.get(variantId) ?? 0) + quantity);
  }
  return units;
}

/**
 * The lines of a new shipment: what is wanted, or all that is left; nothing when that is more than
 * is left (O9), or when nothing is left. `live` are the lines of all shipments that are not
 * cancelled.
 */
export function linesToShip(order: {
  readonly ordered: readonly Line[];
  readonly live: readonly Line[];
  readonly wanted: readonly Line[] | undefined;
}): Line[] | undefined {
  const left = unitsOf(order.ordered);
  for (const { variantId, quantity } of order.live) {
    left.set(variantId, (left.get(variantId) ?? 0) - quantity);
  }
  const chosen = order.wanted === undefined ? left : unitsOf(order.wanted);
  const lines: Line[] = [];
  for (const [variantId, quantity] of chosen) {
    if (quantity > (left.get(variantId) ?? 0)) return undefined;
    if (quantity > 0) lines.push({ variantId, quantity });
  }
  return lines.length === 0 ? undefined : lines;
}

/** Whether the delivered lines are all that was ordered. */
export function isComplete(ordered: readonly Line[], delivered: readonly Line[]): boolean {
  const units = unitsOf(delivered);
  return ordered.every(({ variantId, quantity }) => (units.get(variantId) ?? 0) >= quantity);
}

/** The id of the saga of a shipment's dispatch; each attempt has its own. */
export function dispatchId(shipmentId: string, dispatches: number): string {
  return `${shipmentId}:${dispatches}`;
}
