import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
import { waitUntil } from "../index.ts";
import { defineModule } from "../module/define-module.ts";
import { BossInput, boss, bossModule, bossSaga } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** A saga of two errands with a name of its own for each version. */
function walk(version: number) {
  return bossSaga("boss.walk", { version, input: BossInput, deadlineMs: 600_000 })
    .step("go", {
      run: ({ id, call }) => call(errands.run, { name: `${id} goes as ${version}` }),
      compensate: ({ id, call }) => call(errands.undo, { name: `${id} goes as ${version}` }),
    })
    .pivot("gone", () => {})
    .step("come-back", {
      run: ({ id, call }) => call(errands.run, { name: `${id} comes as ${version}` }),
    })
    .ending(() => {});
}

const [older, newer] = [walk(1), walk(2)];
const errandsAlone = errandsModule(new Map(), []);
const walking: Scenario = {
  modules: [errandsAlone, bossModule(older)],
  versions: [[errandsAlone, bossModule(newer, older)]],
  topologies: [{ gateway: [], errands: ["errands"], boss: ["boss"] }],
  workload: {
    clients: 20,
    prepare: async () => {},
    client: async ({ number, call: made }) => {
      const call: Call<typeof boss> = made;
      await call(boss.begin, { id: `walk-${number}` });
    },
  },
  invariants: [],
};

/** Runs it, and tells by which versions sagas were done, and what errands there were. */
function walked(faults: Scenario["faults"]) {
  let found: readonly (readonly unknown[])[] = [];
  const look: Scenario["invariants"][number] = {
    name: "looking",
    async check(_call, look) {
      found = [
        look(
          "boss",
          "SELECT DISTINCT version FROM cleave_saga WHERE state = 'completed' ORDER BY 1",
        ),
        look("errands", "SELECT name FROM errand ORDER BY name"),
      ];
      return [];
    },
  };
  const scenario = { ...walking, faults: { ...noFaults, ...faults }, invariants: [look] };
  const images = prepared(scenario);
  const { violations } = runSeed(scenario, { seed: 1, minutes: 5, images });
  const [versions = [], names = []] = found;
  return { violations, versions, names };
}

test("processes run as different versions side by side, and each saga ends as it began", () => {
  const { violations, versions, names } = walked({ version: 0.05 });
  expect(violations).toEqual([]);
  expect(versions).toEqual([1, 2]);
  const of = (what: string) => names.map(String).filter((name) => name.includes(what));
  const began = of("goes").map((name) => name.replace("goes", "comes"));
  expect(began).toHaveLength(20);
  expect(of("comes")).toEqual(began);
});

test("the system begins with the first version, and stays with it while nothing restarts", () => {
  const { violations, versions } = walked({});
  expect({ violations, versions }).toEqual({ violations: [], versions: [1] });
});

/** A saga that runs an errand, rests for half a minute, and has the way back as its last step. */
function stroll(version: number, back: string) {
  return bossSaga("boss.stroll", { version, input: BossInput, deadlineMs: 600_000 })
    .step("go", { run: ({ id, call }) => call(errands.run, { name: `${id} goes` }) })
    .step("rest", { run: async ({ late, now }) => (late ? {} : waitUntil(now() + 30_000)) })
    .step(back, { run: ({ id, call }) => call(errands.run, { name: `${id} does ${back}` }) })
    .ending(() => {});
}

/** Runs strolls, of which versions differ in the way back: what was under way, and how it ended. */
function strolled(...later: readonly [ReturnType<typeof stroll>, ...ReturnType<typeof stroll>[]]) {
  let names: readonly string[] = [];
  const look: Scenario["invariants"][number] = {
    name: "each saga ended, and did each of its errands once",
    async check(_call, look) {
      names = look("errands", "SELECT name FROM errand WHERE runs = 1 ORDER BY name");
      return look("boss", "SELECT id || ' is ' || state FROM cleave_saga").filter(
        (one) => !one.endsWith("completed"),
      );
    },
  };
  const scenario: Scenario = {
    ...walking,
    modules: [errandsAlone, bossModule(stroll(1, "come-back"))],
    versions: [[errandsAlone, bossModule(...later)]],
    faults: { ...noFaults, version: 0.05 },
    invariants: [look],
  };
  const images = prepared(scenario);
  const { violations, steps } = runSeed(scenario, {
    seed: 1,
    minutes: 5,
    images,
    keepsSteps: true,
  });
  const refusals = steps.flatMap(({ detail }) =>
    detail.startsWith("could not start: ") ? [detail] : [],
  );
  return { violations, names, refusals: [...new Set(refusals)] };
}

test("a version with edited steps of a saga is refused while one is under way", () => {
  const { violations, names, refusals } = strolled(stroll(1, "return"));
  expect(violations).toEqual([]);
  expect(names).toHaveLength(40);
  const edited = "A saga boss.stroll of version 1 is under way that began with other steps than ";
  expect(refusals.join("\n")).toContain(`could not start: ${edited}version 1 has now: `);
  expect(refusals.join("\n")).toContain('"run come-back" is gone, and "run return" is new');
});

test("one that adds the edited saga as the next version has both end as they began", () => {
  const { violations, names, refusals } = strolled(stroll(2, "return"), stroll(1, "come-back"));
  expect(violations).toEqual([]);
  expect(names).toHaveLength(40);
  expect(names.filter((name) => name.endsWith("come-back")).length).toBeGreaterThan(0);
  expect(names.filter((name) => name.endsWith("return")).length).toBeGreaterThan(0);
  // A process of the older version lacks the next one, and cannot go on with what that began.
  const lacking = "A saga boss.stroll of version 2 is under way, but the module has no definition";
  expect(refusals).not.toEqual([]);
  for (const refusal of refusals) expect(refusal).toContain(lacking);
});

test("a version that cannot start over what the first leaves is refused before any run", () => {
  const lonely = `CREATE TABLE more (n INTEGER CHECK (n = 0)) STRICT;
    INSERT INTO more SELECT count(*) FROM errand;`;
  const broken = defineModule({
    contract: errands,
    schema: errandsAlone.schema,
    handlers: errandsAlone.handlers as never,
    migrations: [...errandsAlone.migrations, { name: "0001_more", sql: lonely }],
  });
  const rolled = { ...walking, versions: [walking.modules, [broken, bossModule(newer, older)]] };
  expect(() => prepared(rolled)).not.toThrow();
  const workload = {
    ...walking.workload,
    async prepare(call: Call<typeof errands>) {
      await call(errands.run, { name: "the first" });
    },
  };
  const filled = { ...rolled, workload };
  expect(() => prepared(filled)).toThrow(
    /^Of the other versions, number 2 could not start: .*0001_more/,
  );
});

test("a version that rebuilds a table keeps the rows that refer to it", () => {
  const first = `CREATE TABLE place (name TEXT PRIMARY KEY, size INTEGER DEFAULT 1);
    CREATE TABLE visit (place TEXT REFERENCES place (name) ON DELETE CASCADE);
    INSERT INTO place (name) VALUES ('here'), ('there');
    INSERT INTO visit VALUES ('here'), ('there');`;
  const rebuild = `PRAGMA foreign_keys=OFF;--> statement-breakpoint
    CREATE TABLE __new_place (name TEXT PRIMARY KEY, size INTEGER DEFAULT 2);
    INSERT INTO __new_place SELECT * FROM place;--> statement-breakpoint
    DROP TABLE place;--> statement-breakpoint
    ALTER TABLE __new_place RENAME TO place;--> statement-breakpoint
    PRAGMA foreign_keys=ON;`;
  const { contract, handlers, schema, migrations } = errandsAlone;
  const placed = [...migrations, { name: "0001_place", sql: first }];
  const version = (more: typeof migrations) =>
    defineModule({ contract, handlers, schema, migrations: [...placed, ...more] });
  const before = version([]);
  const after = version([{ name: "0002_place", sql: rebuild }]);
  let found: readonly (readonly unknown[])[] = [];
  const look: Scenario["invariants"][number] = {
    name: "looking",
    async check(_call, look) {
      found = [
        look("errands", "SELECT dflt_value FROM pragma_table_info('place') WHERE name = 'size'"),
        look("errands", "SELECT place FROM visit ORDER BY place"),
      ];
      return [];
    },
  };
  const scenario: Scenario = {
    ...walking,
    modules: [before, bossModule(older)],
    versions: [[after, bossModule(older)]],
    faults: { ...noFaults, version: 0.2, "disk-full": 0.05 },
    invariants: [look],
  };
  const images = prepared(scenario);
  // Twice: what the first run has rebuilt is as it was before for the second.
  for (const seed of [1, 2]) {
    expect(runSeed(scenario, { seed, minutes: 2, images }).violations).toEqual([]);
    expect(found).toEqual([["2"], ["here", "there"]]);
  }
});
