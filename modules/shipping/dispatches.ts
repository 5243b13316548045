import type { Transaction } from "#runtime";
import { dispatchId } from "./domain/shipment.ts";
import { dispatch } from "./sagas/dispatch.ts";
import { shipmentsOf } from "./store/shipments.ts";

/** Has the dispatches of an order that wait for its money look again. */
export function wakeDispatches(tx: Transaction, orderId: string): void {
  for (const { shipmentId, state, dispatches } of shipmentsOf(tx, orderId)) {
    if (state === "ship_requested") tx.wake(dispatch, dispatchId(shipmentId, dispatches));
  }
}
