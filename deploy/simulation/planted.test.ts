import { expect, test } from "bun:test";
import type { Found } from "../../runtime/simulation/hunt.ts";
import { type PlantedBug, planted } from "../../runtime/simulation/plant.ts";
import { bugs } from "./planted/all.ts";

const SEEDS_MAX = 200;
const HUNT_MS = 240_000;
const hunts = inTwoLanes(bugs, hunted);

test("at least twenty-five bugs are planted", () => {
  expect(bugs.length).toBeGreaterThanOrEqual(25);
});

for (const bug of bugs) {
  test(
    `a planted bug is found: ${bug.name}`,
    async () => {
      const { found, clean } = (await hunts.get(bug)) ?? {};
      expect(found?.violations.join("\n") ?? "nothing was found").toMatch(bug.says);
      expect(clean).toBeNull();
    },
    HUNT_MS,
  );
}

const example = { ...bugs[0], name: "a mistake", file: "a.ts", find: "one", replace: "two" };

test("a bug that fits twice, or no more, is refused", () => {
  const bug: PlantedBug = { why: "", says: /./, ...example };
  expect(planted(bug, "one, three")).toBe("two, three");
  expect(() => planted(bug, "three")).toThrow("occurs not in a.ts, not once");
  expect(() => planted(bug, "one, one")).toThrow("occurs 2 times in a.ts, not once");
});

interface Hunted {
  /** What the first failing seed found of the bug; null when none failed. */
  readonly found: Found | null;
  /** What the same seed finds without it. */
  readonly clean: Found | null;
}

async function hunted(bug: PlantedBug): Promise<Hunted> {
  const found = await hunt("planted", bug, { first: 1, last: SEEDS_MAX });
  if (found === null) return { found, clean: null };
  return { found, clean: await hunt("clean", bug, { first: found.seed, last: found.seed }) };
}

/** A hunt in a process of its own: what is planted there is in no other. */
async function hunt(
  how: "planted" | "clean",
  { name }: PlantedBug,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<Found | null> {
  const script = new URL("hunt.ts", import.meta.url).pathname;
  const command = [process.execPath, script, how, name, String(first), String(last)];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [told, failed] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`The hunt for "${name}" failed: ${failed}`);
  return JSON.parse(told);
}

/** Works on two at a time, each in a lane; what is wanted of one can be awaited by it. */
function inTwoLanes<T, Result>(
  all: readonly T[],
  work: (one: T) => Promise<Result>,
): Map<T, Promise<Result>> {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  const results = new Map<T, Promise<Result>>();
  for (const [index, one] of all.entries()) {
    const lane = index % lanes.length;
    const result = (lanes[lane] ?? Promise.resolve()).then(() => work(one));
    lanes[lane] = result.catch(() => undefined);
    results.set(one, result);
  }
  return results;
}
