import { expect, test } from "bun:test";
import { payments } from "#modules/payments";

test("the published contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(payments))).toMatchSnapshot();
});
