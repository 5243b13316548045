import { expect, test } from "bun:test";
import { sharesOf } from "./shares.ts";

test("the seeds are shared in their order, and nobody gets an empty share", () => {
  expect(sharesOf({ from: 7, seeds: 5, jobs: 2 })).toEqual([
    { from: 7, seeds: 3 },
    { from: 10, seeds: 2 },
  ]);
  expect(sharesOf({ from: 7, seeds: 5, jobs: 4 }).map(({ seeds }) => seeds)).toEqual([2, 2, 1]);
  expect(sharesOf({ from: 7, seeds: 1, jobs: 1_000 })).toEqual([{ from: 7, seeds: 1 }]);
  expect(sharesOf({ from: 7, seeds: 0, jobs: 2 })).toEqual([]);
});
