import type { Call } from "../contract/call.ts";
import { waitUntil } from "../index.ts";
import { BossInput, boss, bossModule, bossSaga } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import type { Scenario } from "./scenario.ts";

const CLIENTS = 12;
const KINDS = ["planned", "timed", "made", "left", "right", "held"];

/**
 * Errands with the time or a new id in their names, one of them with the time that the step before
 * has read, two that race for their order, and one that is called before and after a wait. Each
 * name begins with the saga's id and what it is.
 */
const trip = bossSaga("boss.trip", { version: 1, input: BossInput, deadlineMs: 3_000_000 })
  .step("plan", { run: async ({ now }) => ({ atMs: now() }) })
  .step("keep", {
    run: ({ id, call, done }) => call(errands.run, { name: `${id} planned ${done.plan.atMs}` }),
  })
  .step("make", {
    run: ({ id, call, newId }) => call(errands.run, { name: `${id} made ${newId("err")}` }),
  })
  .step("race", {
    run: async ({ id, call }) => {
      const sides = ["left", "right"];
      const known = Object.keys(await call(errands.ledger, {}));
      if (known.length % 2 === 0) sides.reverse();
      const run = (side: string) => call(errands.run, { name: `${id} ${side}` }, { key: side });
      await Promise.all(sides.map(run));
      return {};
    },
  })
  .step("go", {
    run: ({ id, call, now }) => call(errands.run, { name: `${id} timed ${now() + 60_000}` }),
  })
  .pivot("gone", () => {})
  .step("stay", {
    run: async ({ id, call, now, late }) => {
      await call(errands.run, { name: `${id} held ${now()}` });
      return late ? {} : waitUntil(now() + 5_000);
    },
  })
  .ending(() => {});

/** A system whose sagas read the clock, make ids, and call at the same time. */
export const trips: Scenario = {
  modules: [errandsModule(new Map(), []), bossModule(trip)],
  topologies: [{ all: ["errands", "boss"] }, { gateway: [], errands: ["errands"], boss: ["boss"] }],
  workload: {
    clients: CLIENTS,
    prepare: async () => {},
    client: async ({ number, call: made }) => {
      const call: Call<typeof boss.begin> = made;
      await call(boss.begin, { id: `trip_${number}` });
    },
  },
  invariants: [
    {
      name: "each errand of a trip was run once",
      async check(_call, look) {
        const rows = look("errands", "SELECT name || ' ran ' || runs FROM errand");
        const found = rows.map((row) => row.replace(/ (\d{13}|err_\S+) ran/, " ran"));
        const ids = Array.from({ length: CLIENTS }, (_, number) => `trip_${number}`);
        const wanted = ids.flatMap((id) => KINDS.map((kind) => `${id} ${kind} ran 1`));
        if (Bun.deepEquals(found.toSorted(), wanted.toSorted())) return [];
        return [`Of the errands ${wanted.length} were to be run once: ${rows.join(", ")}.`];
      },
    },
    {
      name: "each trip was completed, or waits for its time",
      async check(_call, look) {
        return look(
          "boss",
          `SELECT id || ' is ' || state FROM cleave_saga
           WHERE state <> 'completed' AND NOT (state = 'waiting'
             AND due_at_ms > (SELECT max(changed_at_ms) FROM cleave_saga))`,
        );
      },
    },
  ],
  faults: { kill: 0.01, "kill-any": 0.01, "reply-lost": 0.05, "message-late": 0.02 },
};
