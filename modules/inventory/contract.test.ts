import { expect, test } from "bun:test";
import { inventory } from "#modules/inventory";

test("the published contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(inventory))).toMatchSnapshot();
});
