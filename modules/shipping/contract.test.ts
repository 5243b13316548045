import { expect, test } from "bun:test";
import { shipping } from "#modules/shipping";

test("the published contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(shipping))).toMatchSnapshot();
});
