import { expect, test } from "bun:test";
import { products } from "#modules/products";

test("the published contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(products))).toMatchSnapshot();
});
