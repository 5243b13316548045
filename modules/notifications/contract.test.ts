import { expect, test } from "bun:test";
import { notifications } from "./contract.ts";

test("the contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(notifications))).toMatchSnapshot();
});
