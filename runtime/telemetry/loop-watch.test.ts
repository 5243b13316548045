import { expect, test } from "bun:test";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { jsonLog } from "./json-log.ts";
import { LoopWatch } from "./loop-watch.ts";

const find = { module: "shelf", what: "shelf.find" };
const search = { module: "shelf", what: "shelf.search" };

/** A watch, its clock and its log, and work that takes time or has the process stand still. */
function watched() {
  const environment = virtualEnvironment();
  let aheadMs = 0;
  let computedMs = 0;
  const lines: Record<string, unknown>[] = [];
  const sink = (line: string) => void lines.push(JSON.parse(line));
  const watch = new LoopWatch({
    environment: { ...environment, monotonic: () => environment.monotonic() + aheadMs },
    log: jsonLog({ level: "info", sink, now: environment.now }),
    processorMs: () => computedMs,
  });
  return {
    watch,
    lines,
    pass: (ms: number) => environment.moveTo(environment.now() + ms),
    compute(ms: number) {
      aheadMs += ms;
      computedMs += ms;
    },
    standStill(ms: number) {
      aheadMs += ms;
    },
    names: () => watch.blocking("shelf").map(({ what }) => what),
  };
}

test("work that blocked for too long is named, in the log and to those who look", () => {
  const { watch, lines, compute, pass } = watched();
  watch.start();
  watch.begins(search);
  compute(800);
  pass(100);
  expect(lines).toMatchObject([
    { level: "warn", module: "shelf", work: "shelf.search", ms: 900, limitMs: 500, count: 1 },
  ]);
  expect(watch.blocking("shelf")).toMatchObject([{ ...search, count: 1, longestMs: 900 }]);
  expect(watch.blocking("desk")).toEqual([]);
});

test("of work without a reading of the clock between, the one that blocked is named", () => {
  const { watch, compute, pass, names } = watched();
  watch.start();
  for (const work of [find, search, find]) {
    watch.begins(work);
    if (work === search) compute(800);
  }
  pass(100);
  expect(names()).toEqual(["shelf.search"]);
});

test("work that goes on after it has waited is named when it ends", () => {
  const { watch, compute, pass, names } = watched();
  watch.start();
  watch.begins(search);
  pass(300);
  compute(800);
  watch.hasResumed(search);
  pass(100);
  expect(names()).toEqual(["shelf.search"]);
  watch.begins(find);
  compute(800);
  watch.hasResumed(search);
  pass(100);
  expect(names()).toEqual(["shelf.search", "shelf.search or shelf.find"]);
});

test("nothing is blamed for a process that was stopped", () => {
  const { watch, lines, standStill, pass, names } = watched();
  watch.start();
  watch.begins(search);
  standStill(10_000);
  pass(100);
  expect(names()).toEqual([]);
  expect(lines).toMatchObject([{ level: "info", processorMs: 0 }]);
});

test("neither is work that is quick, or that ran before the watch began or after it ended", () => {
  const { watch, lines, compute, pass } = watched();
  for (let time = 0; time < 3; time++) {
    watch.monotonic();
    watch.begins(search);
    compute(800);
  }
  watch.start();
  for (let time = 0; time < 20; time++) {
    watch.begins(find);
    compute(300);
    pass(100);
  }
  watch.stop();
  for (let time = 0; time < 3; time++) {
    watch.begins(search);
    compute(800);
    watch.monotonic();
    pass(10_000);
  }
  expect(lines).toEqual([]);
});

test("the log tells it once a minute; who looks is told of an hour, of twenty at most", () => {
  const { watch, lines, compute, pass } = watched();
  watch.start();
  for (let time = 0; time < 30; time++) {
    watch.begins(search);
    compute(700);
    pass(5_000);
  }
  expect(lines.map(({ count }) => count)).toEqual([1, 13, 25]);
  expect(watch.blocking("shelf")).toMatchObject([{ count: 30 }]);
  for (let count = 0; count < 20; count++) {
    watch.begins({ module: "shelf", what: `shelf.p${count}` });
    compute(700);
    pass(100);
  }
  expect(watch.blocking("shelf").map(({ what }) => what)).toEqual(
    Array.from({ length: 20 }, (_, count) => `shelf.p${count}`),
  );
  pass(3_700_000);
  expect(watch.blocking("shelf")).toEqual([]);
});
