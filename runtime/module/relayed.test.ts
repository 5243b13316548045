import { describe, expect, test } from "bun:test";
import { command, contract, query } from "../contract/contract.ts";
import { TransportError, type TransportErrorCode } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import { place, placements } from "../testing/place.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";

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

function same(error: unknown): unknown {
  return error;
}
