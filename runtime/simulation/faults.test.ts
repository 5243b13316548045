import { expect, test } from "bun:test";
import { Faults, nameOf } from "./faults.ts";
import { noFaults } from "./no-faults.ts";
import { seeded } from "./seeded.ts";

const places = ["here", "there"];

/** Faults with a thousand opportunities at each of two places. */
function faultsWith(only?: ReadonlySet<string>, rate = 0.01): Faults {
  const rates = { ...noFaults, pause: rate, "message-lost": rate };
  const faults = new Faults({ seed: seeded(7), rates, only });
  faults.on = true;
  for (let opportunity = 0; opportunity < 1_000; opportunity++) {
    for (const place of places) {
      faults.happens("pause", place);
      faults.happens("message-lost", place);
      faults.happens("kill", place);
    }
  }
  return faults;
}
const namesOf = (faults: Faults) => faults.happened.map(nameOf);

test("faults happen as often as is told, and those without a rate do not", () => {
  const names = namesOf(faultsWith());
  expect(names.length).toBeGreaterThan(20);
  expect(names.length).toBeLessThan(70);
  expect(names.filter((name) => name.startsWith("kill"))).toEqual([]);
  expect(namesOf(faultsWith(undefined, 1))).toHaveLength(4_000);
});

test("a fault that is left out changes no other", () => {
  const all = namesOf(faultsWith());
  for (const left of all) {
    const others = all.filter((name) => name !== left);
    expect(namesOf(faultsWith(new Set(others)))).toEqual(others);
  }
});

test("how much a fault does is its own, whichever others there are", () => {
  const faults = new Faults({ seed: seeded(7), rates: { ...noFaults, pause: 1 } });
  const only = new Set(["pause here #3"]);
  const fewer = new Faults({ seed: seeded(7), rates: { ...noFaults, pause: 1 }, only });
  for (const each of [faults, fewer]) {
    each.on = true;
    for (let nth = 1; nth <= 3; nth++) each.happens("pause", "here");
  }
  expect(namesOf(fewer)).toEqual(["pause here #3"]);
  expect(fewer.amount(10, 1_000)).toBe(faults.amount(10, 1_000));
});

test("nothing happens while faults are off", () => {
  const faults = new Faults({ seed: seeded(7), rates: { ...noFaults, pause: 1 } });
  expect(faults.happens("pause", "here")).toBe(false);
  expect(faults.happened).toEqual([]);
});
