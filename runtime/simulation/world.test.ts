import { describe, expect, test } from "bun:test";
import { Process } from "./process.ts";
import { smallWorld } from "./small-world.ts";

const what = "something";

/** A world, a process in it, and a list of what happened when. */
function begun() {
  const world = smallWorld();
  const process = new Process(world, "one", world.seed);
  const happened: string[] = [];
  const note = (name: string) => () => void happened.push(`${name} at ${world.nowMs}`);
  return { world, process, happened, note };
}

describe("things happen", () => {
  test("by their time, and at the same time first come, first served", () => {
    const { world, happened, note } = begun();
    world.after(20, note("last"), { what });
    world.after(10, note("second"), { what });
    world.after(10, note("third"), { what });
    world.after(0, note("first"), { what });

    world.runUntil(100);

    expect(happened).toEqual(["first at 0", "second at 10", "third at 10", "last at 20"]);
    expect(world.nowMs).toBe(100);
  });

  test("in the order of their times, however many there are", () => {
    const { world } = begun();
    const times: number[] = [];
    const asked = Array.from({ length: 500 }, () => world.seed.below(1_000));
    for (const atMs of asked) world.after(atMs, () => void times.push(world.nowMs), { what });

    world.runUntil(1_000);

    expect(times).toEqual(asked.toSorted((one, other) => one - other));
  });

  test("with all that follows from them at once, before the next", () => {
    const { world, happened, note } = begun();
    world.after(10, () => void Promise.resolve().then(note("what follows")), { what });
    world.after(10, note("the next"), { what });

    world.runUntil(10);

    expect(happened).toEqual(["what follows at 10", "the next at 10"]);
  });

  test("not when they were taken back, nor beyond the time that is run", () => {
    const { world, happened, note } = begun();
    const takeBack = world.after(10, note("taken back"), { what });
    world.after(11, note("beyond"), { what });
    takeBack();

    expect(world.runUntil(10)).toBe(true);
    expect(happened).toEqual([]);
    expect(world.runUntil(11)).toBe(false);
    expect(happened).toEqual(["beyond at 11"]);
  });
});

test("a time that is none is refused by the name of what waits for it", async () => {
  const { world, process } = begun();
  await expect(world.pause(Number.NaN, "client-7")).rejects.toThrow(
    /^"client-7" was to happen after NaN ms, which is no time\. Give a number/,
  );
  expect(() => process.environment.after(Number.NaN, () => {})).toThrow(
    '"timer of one" was to happen after NaN ms',
  );
  world.runUntil(10);
  expect(world.nowMs).toBe(10);
});

test("what is to happen before now happens now, and what never is, does not", () => {
  const { world, happened, note } = begun();
  world.after(-1, note("at once"), { what });
  world.after(Number.POSITIVE_INFINITY, note("never"), { what });
  world.runUntil(1_000_000);
  expect(happened).toEqual(["at once at 0"]);
});

describe("in a process", () => {
  test("that stands still things happen when it goes on, in their order", () => {
    const { world, process, happened, note } = begun();
    world.after(10, note("its first"), { what, process });
    world.after(20, note("its second"), { what, process });
    world.after(20, note("another's"), { what });
    process.stop(50);

    world.runUntil(100);

    expect(happened).toEqual(["another's at 20", "its first at 50", "its second at 50"]);
  });

  test("that is gone nothing happens any more, and what it had open is closed once", () => {
    const { world, process, happened, note } = begun();
    process.onGone(note("closed"));
    world.after(10, note("its"), { what, process });
    world.after(5, () => process.kill("killed"), { what });
    world.after(6, () => process.kill("killed again"), { what });

    world.runUntil(100);

    expect(happened).toEqual(["closed at 5"]);
  });

  test("ids differ, and are the same for the same seed", () => {
    const ids = () => {
      const { environment } = begun().process;
      return Array.from({ length: 100 }, () => environment.newId("ord"));
    };
    expect(new Set(ids()).size).toBe(100);
    expect(ids()).toEqual(ids());
  });
});
