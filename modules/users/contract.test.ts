import { expect, test } from "bun:test";
import { users } from "./contract.ts";

test("the contract is the one that others were built against", () => {
  expect(JSON.parse(JSON.stringify(users))).toMatchSnapshot();
});
