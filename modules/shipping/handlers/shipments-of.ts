import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import * as shipments from "../store/shipments.ts";

export const shipmentsOf = handler(shipping.shipmentsOf, ({ orderId }, { read }) =>
  shipments.shipmentsOf(read, orderId).map((one) => shipments.withLines(read, one)),
);
