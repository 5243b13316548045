import { orders } from "#modules/orders";
import { command, contract, defineModule, handler, t } from "#runtime";
import { moduleName } from "../../../runtime/contract/contract.ts";

/** An order whose token it fails to tell. */
export const UNTOLD = "ord_untold";

/** The token of an order, as this stand-in makes it. */
export function tokenOf(orderId: string): string {
  if (orderId === UNTOLD) throw new RangeError("There is no token.");
  return `token+of/${orderId}`;
}

const done = t.Object({ told: t.Literal(true) });

const commands = contract("orders", {
  confirm: command({ input: orders.orderConfirmed.payload, output: done }),
  cancel: command({ input: orders.orderCancelled.payload, output: done }),
  ship: command({ input: orders.orderShipped.payload, output: done }),
  refund: command({ input: orders.orderRefunded.payload, output: done }),
});

/** Stands where orders stands and tells its facts, to hear what the other side makes of them. */
export const teller = {
  ...commands,
  orderConfirmed: orders.orderConfirmed,
  orderCancelled: orders.orderCancelled,
  orderShipped: orders.orderShipped,
  orderRefunded: orders.orderRefunded,
  orderTokens: orders.orderTokens,
  [moduleName]: "orders",
} as const;

export const tellerModule = defineModule({
  contract: teller,
  handlers: {
    orderTokens: handler(teller.orderTokens, ({ orderIds }) => orderIds.map(tokenOf)),
    confirm: handler(teller.confirm, (fact, { transaction }) =>
      transaction((tx) => {
        tx.emit(orders.orderConfirmed, fact);
        return { told: true };
      }),
    ),
    cancel: handler(teller.cancel, (fact, { transaction }) =>
      transaction((tx) => {
        tx.emit(orders.orderCancelled, fact);
        return { told: true };
      }),
    ),
    ship: handler(teller.ship, (fact, { transaction }) =>
      transaction((tx) => {
        tx.emit(orders.orderShipped, fact);
        return { told: true };
      }),
    ),
    refund: handler(teller.refund, (fact, { transaction }) =>
      transaction((tx) => {
        tx.emit(orders.orderRefunded, fact);
        return { told: true };
      }),
    ),
  },
  migrations: [],
});
