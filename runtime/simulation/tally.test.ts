import { expect, test } from "bun:test";
import { closingLine, sumOf, tallyIn, tallyOf } from "./tally.ts";

const outcome = { seed: 1, digest: "", faults: [], steps: [], happenings: 0 };

test("runs are counted, and the slowest of those that passed is told", () => {
  const [first, second, third] = [
    { ...outcome, violations: [], restedAfterMs: 5_000 },
    { ...outcome, violations: [], restedAfterMs: 64_001 },
    { ...outcome, violations: ["It does not hold."], restedAfterMs: 3_600_000 },
  ];
  const line = closingLine(sumOf([first, second, third].map(tallyOf)));
  expect(line).toBe("2 passed, 1 failed; who passed was at rest within 65 virtual seconds");
});

test.each([
  { passed: 41, failed: 2, restSeconds: 305 },
  { passed: 0, failed: 3, restSeconds: 0 },
])("what a closing line says of %j is read from it", (tally) => {
  expect(tallyIn(closingLine(tally))).toEqual(tally);
});

test.each(["", "begins with seed 3", "3 passed, 1 failed, or so"])(
  "the line %j is no closing one",
  (line) => {
    expect(tallyIn(line)).toBeUndefined();
  },
);
