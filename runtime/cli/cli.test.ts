import { expect, spyOn, test } from "bun:test";
import { DATA_REFUSED, OWNED_ELSEWHERE, supervised } from "../host/child-protocol.ts";
import { StartError } from "../host/start-error.ts";
import { storeFailure } from "../store/file-failure.ts";
import { OwnedError, StoreError } from "../store/store-error.ts";
import { OwnershipConflict } from "../transport/ownership-conflict.ts";
import { CommandError, runCommand } from "./cli.ts";

const cause = new OwnershipConflict("orders is owned by the instance orders (process 4711).");

test("help after the first word of several commands shows those", async () => {
  const named = (name: string) => ({ name, help: `${name} …`, run: async () => 0 });
  const commands = ["start", "nats rotate", "nats provision"].map(named);
  const shown = async (...args: string[]) => {
    using said = spyOn(console, "error").mockImplementation(() => {});
    return [await runCommand(commands, args), said.mock.calls.flat().join("\n")];
  };
  expect(await shown("nats", "--help")).toEqual([
    0,
    "Commands:\n  nats rotate …\n  nats provision …",
  ]);
  expect((await shown("nats"))[0]).toBe(1);
  expect((await shown("knots"))[1]).toContain('There is no command "knots".\nCommands:\n  start …');
});

test("data that are refused have an exit code of their own for a supervisor alone", async () => {
  const codeOf = async (error: Error) => {
    using _ = spyOn(console, "error").mockImplementation(() => {});
    return await runCommand([{ name: "x", help: "", run: () => Promise.reject(error) }], ["x"]);
  };
  const caused = (code: string) => {
    const cause = Object.assign(new Error(), { code });
    return storeFailure(cause) ?? new StoreError(code, { cause });
  };
  const passing = [
    ...["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM", "SQLITE_CANTOPEN", "SQLITE_IOERR_READ"],
    ...["SQLITE_FULL", "EMFILE", "ENFILE", "ENOSPC", "EDQUOT", "EIO"],
  ].map(caused);
  const lasting = [
    ...["SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_CONSTRAINT_CHECK"],
    ...["SQLITE_PERM", "SQLITE_READONLY", "EISDIR", "EACCES", "EPERM", "EROFS"],
  ].map(caused);
  expect(await codeOf(new StoreError("damaged"))).toBe(1);
  Object.assign(process.env, supervised);
  try {
    for (const error of [new StoreError("damaged"), ...lasting]) {
      expect([error.message, await codeOf(error)]).toEqual([error.message, DATA_REFUSED]);
    }
    for (const error of [new OwnedError("owned"), ...passing, new StartError("no broker")]) {
      expect([error.message, await codeOf(error)]).toEqual([error.message, 1]);
    }
  } finally {
    for (const name of Object.keys(supervised)) delete process.env[name];
  }
});

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
