import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Call } from "../contract/call.ts";
import { command, contract } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { writes } from "../store/connection.ts";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import type { Client } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const quiet = { ...sample, faults: noFaults, minutes: 1 };

test.each([
  ["fails but once", (runs: number) => (runs === 1 ? ["It does not hold."] : [])],
  ["fails otherwise each time", (runs: number) => [`It does not hold, ${runs} times by now.`]],
])("a seed that %s is said to depend on more than itself", async (_what, checked) => {
  let runs = 0;
  const unsteady = { name: "unsteady", check: async () => checked(++runs) };
  const { failures } = await simulate({ ...quiet, invariants: [unsteady], seeds: [3] });
  expect(failures.flatMap(({ violations }) => violations)).toEqual([
    expect.stringMatching(/^unsteady: It does not hold/),
    expect.stringMatching(/^Run again, the seed went otherwise: .* a variable of a module/),
  ]);
});

test("a seed that passes is said to depend on more than itself, too", async () => {
  let runs = 0;
  const client: typeof sample.workload.client = ({ pause }) => pause(++runs);
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3, 4] });
  expect(failures.map(({ seed }) => seed)).toEqual([3, 4]);
  expect(failures[0]?.violations).toEqual([expect.stringMatching(/^Run again, .* otherwise/)]);
});

test("what is only kept, and differs each time, is noticed though nothing else does", async () => {
  let draws = 0;
  const drawing = shelfWriting(() => `${draws++}`);
  const { failures } = await simulate({ ...drawing, seeds: [1] });
  expect(failures[0]?.violations).toEqual([expect.stringMatching(/^Run again, .* otherwise/)]);
  const steady = await simulate({ ...shelfWriting(() => "tea"), seeds: [1] });
  expect(steady.failures).toEqual([]);
});

test("what fails by chance is not explained by faults", async () => {
  let draws = 0;
  const never = { name: "never", check: async () => ["It does not hold."] };
  const drawing = { ...shelfWriting(() => `${draws++}`), invariants: [never] };
  const { failures } = await simulate({ ...drawing, seeds: [1] });
  expect(failures[0]?.violations).toContainEqual(expect.stringMatching(/^Run again, .* otherwise/));
});

/** One module in one process, which keeps what `draw` gives it, and tells nobody. */
function shelfWriting(draw: () => string) {
  const drawn = contract("drawn", { draw: command({ input: t.Object({}), output: t.Object({}) }) });
  const table = sqliteTable("drawing", { text: text().notNull() });
  const schema = { table };
  const write = writes(schema, (db) => ({
    add: db
      .insert(table)
      .values({ text: sql.placeholder("text") })
      .prepare(),
  }));
  const module = defineModule({
    contract: drawn,
    handlers: {
      draw: handler(drawn.draw, (_input, { transaction }) =>
        transaction((tx) => {
          write(tx).add.run({ text: draw() });
          return {};
        }),
      ),
    },
    schema,
    migrations: [{ name: "0000_initial", sql: "CREATE TABLE drawing (text TEXT) STRICT;" }],
  });
  return {
    modules: [module],
    topologies: [{ gateway: ["drawn"] }],
    workload: {
      clients: 2,
      prepare: async () => {},
      client: async ({ call: made }: Client) => {
        const call: Call<typeof drawn> = made;
        await call(drawn.draw, {});
      },
    },
    invariants: [],
    faults: noFaults,
    minutes: 1,
  };
}
