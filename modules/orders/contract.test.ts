import { expect, test } from "bun:test";
import { orders } from "#modules/orders";

test("the published contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(orders))).toMatchSnapshot();
});
