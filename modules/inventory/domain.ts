/** The one location so far. It is part of every key, so that a second one changes no table. */
export const MAIN_LOCATION = "main";

/** At this many available units, or fewer, a variant counts as low. */
const LOW_AVAILABLE_MAX = 5;
/** No answer to customers tells of more units than this. */
const ORDERABLE_MAX = 99;

export const reservationStates = ["held", "committed", "consumed", "released", "expired"] as const;
export type ReservationState = (typeof reservationStates)[number];

export const ledgerSources = ["opening", "adjustment", "shipment", "restock"] as const;
export type LedgerSource = (typeof ledgerSources)[number];

export interface Line {
  readonly variantId: string;
  readonly quantity: number;
}

/**
 * The wanted units by variant, each variant once: two lines of one variant are checked as their
 * sum.
 */
export function demandOf(lines: readonly Line[]): Line[] {
  if (lines.length === 1) return [...lines];
  const byVariant = new Map<string, number>();
  for (const { variantId, quantity } of lines) {
    byVariant.set(variantId, (byVariant.get(variantId) ?? 0) + quantity);
  }
  return Array.from(byVariant, ([variantId, quantity]) => ({ variantId, quantity }));
}

/**
 * What customers may know of the available units: a coarse state, and what one order can ask for.
 */
export function offered(available: number): {
  state: "in_stock" | "low" | "out";
  orderableMax: number;
} {
  const orderableMax = Math.max(0, Math.min(available, ORDERABLE_MAX));
  if (available <= 0) return { state: "out", orderableMax };
  return { state: available <= LOW_AVAILABLE_MAX ? "low" : "in_stock", orderableMax };
}

/**
 * Whether a change of the available units by `change`, to `after`, empties or fills the shop
 * window.
 */
export function crossing(change: number, after: number): "ran out" | "came back" | null {
  const before = after - change;
  if (before > 0 && after <= 0) return "ran out";
  if (before <= 0 && after > 0) return "came back";
  return null;
}

/**
 * What a commit does to a reservation: nothing when done, and one more try to hold when it ran
 * out.
 */
export function commitDecision(
  state: ReservationState | undefined,
): "commit" | "hold again" | "done" | "released" | "not found" {
  switch (state) {
    case "held":
      return "commit";
    case "expired":
      return "hold again";
    case "committed":
    case "consumed":
      return "done";
    case "released":
      return "released";
    case undefined:
      return "not found";
  }
}

/**
 * What a release does to a reservation. `leave a mark` holds nothing but refuses a late hold or
 * commit.
 */
export function releaseDecision(
  state: ReservationState | undefined,
  shipped: boolean,
): "give back" | "leave a mark" | "done" | "refuse" {
  switch (state) {
    case "held":
      return "give back";
    case "committed":
      return shipped ? "refuse" : "give back";
    case "consumed":
      return "refuse";
    case "released":
      return "done";
    case "expired":
    case undefined:
      return "leave a mark";
  }
}
