import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, sourcesAmong } from "../sources.ts";
import { processStopMs, supervisedStopMs, systemStopMs } from "./stop-budgets.ts";

const root = join(import.meta.dir, "../..");
const budgets = "runtime/host/stop-budgets.ts";

test.each([0, 5_000, 60_000])("the times in the README are enough, and DRAIN_MS %d", (drainMs) => {
  const text = readFileSync(join(root, "README.md"), "utf8").replaceAll(/\s+/g, " ");
  const [, one, many] =
    /in any case within (\d+) s, or (\d+) s for a topology/.exec(text)?.map(Number) ?? [];
  const edge = { role: "edge", drainMs } as const;
  expect(processStopMs(edge) - drainMs).toBeLessThanOrEqual((one ?? 0) * 1_000);
  expect(systemStopMs(edge) - drainMs).toBeLessThanOrEqual((many ?? 0) * 1_000);
  expect(supervisedStopMs(edge)).toBeGreaterThan(processStopMs(edge));
});

/** The names of constants that say how long a part of stopping may take. */
const stopTime = /^\s*(?:export )?const (\w*(?:STOP|CLOSE|DRAIN|HOLD|TERM|LAST_WORDS)_MS\w*)\b/gm;

test("each time that stopping takes is in the budgets, or one that they contain", () => {
  const sources = sourcesAmong(root, filesUnder(root)).filter(
    ({ path }) => path.startsWith("runtime/") && !/^runtime\/(?:bench|simulation)\//.test(path),
  );
  const contained = sources.find(({ path }) => path === budgets)?.imports ?? [];
  const names = contained.flatMap((one) => one.names);
  const outside = sources
    .filter(({ path }) => path !== budgets)
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(stopTime), ([, name]) => `${name} of ${path}`),
    );
  expect(outside).not.toEqual([]);
  expect(outside.filter((one) => !names.includes(one.split(" ")[0] ?? ""))).toEqual([]);
});
