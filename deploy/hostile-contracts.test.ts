import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { modules } from "../modules/index.ts";
import { type Procedure, proceduresOf } from "../runtime/contract/contract.ts";
import { type Placed, place, placements } from "../runtime/testing/place.ts";
import { disturbed, fitting, hostileValues, placeName, placesIn } from "./testing/hostile.ts";

/** Of the values that are sent to the routes, one of each kind. */
const values = hostileValues.filter((text) =>
  /^(null|\[\]|\{\}|1e308|9223372036854775808|"__proto__"|\{"(length":1|toString|valueOf).*)$/.test(
    text,
  ),
);

/** As long as nobody can have counted to a thousand million. */
const AT_ONCE_MS = 8_000;

interface Input {
  readonly procedure: Procedure;
  readonly value: unknown;
}

/** Inputs of a procedure that do not fit it: something hostile at each of their places. */
function misfits(procedure: Procedure): Input[] {
  const good = fitting(procedure.input);
  return placesIn(good)
    .flatMap((at) => values.map((text) => disturbed(good, new Map([[placeName(at), text]]))))
    .map((text) => ({ procedure, value: JSON.parse(text) }))
    .filter(({ value }) => !Value.Check(procedure.input, value));
}

describe.each(placements)("input that does not fit its contract, %s", (placement) => {
  let shop: Placed;
  beforeAll(async () => {
    const all = await Promise.all(modules.map(async (one) => (await one.module()).default));
    shop = await place(placement, all, { duplicate: false });
  }, 60_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  test.each(
    modules.map(({ contract }) => [proceduresOf(contract)[0]?.module ?? "", contract] as const),
  )(
    "is refused at once, wherever it stands: %s",
    async (_name, contract) => {
      const inputs = proceduresOf(contract).flatMap(misfits);
      expect(inputs.length).toBeGreaterThan(10);
      const faults: string[] = [];
      for (const { procedure, value } of inputs) {
        const beganAtMs = performance.now();
        const outcome = await shop.call(procedure as never, value as never).then(
          () => "taken",
          (error: Error) => error.name,
        );
        const isSlow = performance.now() - beganAtMs > AT_ONCE_MS;
        if (outcome === "ContractError" && !isSlow) continue;
        faults.push(`${procedure.name} ${JSON.stringify(value).slice(0, 200)}: ${outcome}`);
      }
      expect(faults).toEqual([]);
    },
    60_000,
  );

  test("leaves nothing in the log", () => {
    expect(shop.problems).toEqual([]);
  });
});
