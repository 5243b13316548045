import { describe, expect, test } from "bun:test";
import { command, contract, query } from "../contract/contract.ts";
import { TransportError, type TransportErrorCode } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import { place, placements } from "../testing/place.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";
import { declareUses } from "./uses.ts";

const shape = { input: t.Object({ code: t.String() }), output: t.Object({}) };
const desk = contract("desk", { look: query(shape), move: command(shape) });

/** Fails as a handler does that lets the error of a call of its own through. */
const failing = ({ code }: { readonly code: string }) => {
  // The test gives codes only.
  throw new TransportError(code as TransportErrorCode, "no", "The attic did not answer.", {
    fault: "callee",
  });
};
const deskModule = defineModule({
  contract: desk,
  handlers: {
    look: handler(desk.look, failing),
    move: handler(desk.move, async (input) => failing(input)),
  },
  migrations: [],
});

describe.each(placements)("a neighbour's error that a handler lets through, %s,", (placement) => {
  test.each([["UNREACHABLE"], ["DEADLINE"], ["BREAKER_OPEN"], ["OVERLOADED"]])(
    "is no fault of the handler's module: %s",
    async (code) => {
      await using office = await place(placement, [deskModule], { duplicate: false });
      const met = [desk.look, desk.move].map((one) => office.call(one, { code }).catch(same));
      expect(await Promise.all(met)).toMatchObject([
        { code, executed: "no", fault: "neither" },
        { code, executed: "unknown", fault: "neither" },
      ]);
    },
  );
});

const nothing = { input: t.Object({}), output: t.Object({}) };
const attic = contract("attic", { store: command(nothing), count: query(nothing) });
const hall = contract("hall", { pass: command(nothing) });

/** The disk of the attic is full. */
const atticModule = defineModule({
  contract: attic,
  handlers: {
    store: handler(attic.store, (_input, { transaction }) =>
      transaction(() => {
        throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
      }),
    ),
    count: handler(attic.count, () => ({})),
  },
  migrations: [],
});
const used = declareUses([attic.store]);
const hallModule = defineModule({
  contract: hall,
  uses: used.uses,
  handlers: {
    pass: used.handler(hall.pass, async (_input, { call, transaction }) => {
      await call(attic.store, {});
      return transaction(() => ({}));
    }),
  },
  migrations: [],
});

describe.each(placements)("a failure of the callee's own disk, %s,", (placement) => {
  const open = () =>
    place(placement, [atticModule, hallModule], { duplicate: false, balance: true });

  test("is its fault, and of nobody who relays it", async () => {
    await using house = await open();
    const met = [attic.store, hall.pass].map((one) => house.call(one, {}).catch(same));
    expect(await Promise.all(met)).toMatchObject([
      { code: "UNREACHABLE", executed: "unknown", fault: "callee" },
      { code: "UNREACHABLE", executed: "unknown", fault: "neither" },
    ]);
  });

  test("opens the circuit before that procedure, and no other one", async () => {
    await using house = await open();
    for (let time = 0; time < 6; time++) await house.call(hall.pass, {}).catch(same);
    expect(await house.call(attic.count, {})).toEqual({});
    expect(house.circuits()).toEqual(
      placement === "over NATS"
        ? ["attic.count closed", "attic.store open", "hall.pass closed"]
        : [],
    );
  });
});

function same(error: unknown): unknown {
  return error;
}
