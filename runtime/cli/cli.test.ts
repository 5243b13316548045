import { expect, spyOn, test } from "bun:test";
import { OWNED_ELSEWHERE } from "../host/child-protocol.ts";
import { StartError } from "../host/start-error.ts";
import { OwnershipConflict } from "../transport/ownership-conflict.ts";
import { CommandError, runCommand } from "./cli.ts";

const cause = new OwnershipConflict("orders is owned by the instance orders (process 4711).");

test.each([
  ["a mistake", new CommandError("There is no such thing."), 1],
  ["a start that is refused", new StartError("The port 3000 is taken."), 1],
  ["a start beside another owner", new StartError(cause.message, { cause }), OWNED_ELSEWHERE],
  ["a stop because of another owner", new CommandError(cause.message, { cause }), OWNED_ELSEWHERE],
])("%s is said in its sentence, and the exit code tells it from others", async (_, error, code) => {
  using said = spyOn(console, "error").mockImplementation(() => {});
  const fail = { name: "fail", help: "", run: () => Promise.reject(error) };
  expect(await runCommand([fail], ["fail"])).toBe(code);
  expect(said.mock.calls).toEqual([[error.message]]);
});
