import { expect, test } from "bun:test";
import { type Invariant, noFaults, type Rows, type Scenario } from "#runtime/simulation";
import { modules } from "../../modules/index.ts";
import type { Topology } from "../../runtime/host/topology.ts";
import { prepared } from "../../runtime/simulation/prepared.ts";
import { runSeed } from "../../runtime/simulation/run.ts";
import core from "../topologies/core.ts";
import edgeHeavy from "../topologies/edge-heavy.ts";
import monolith from "../topologies/monolith.ts";
import split from "../topologies/split.ts";
import { books } from "./books.ts";
import { buyers } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

/** Every module has a replica, which answers what is not for the owner only. */
const replicated: Topology = {
  gateway: [],
  sale: { modules: ["orders", "payments", "users"], readers: 1 },
  rest: { modules: ["products", "inventory", "shipping", "notifications"], readers: 1 },
};

/** What each module has in the end, without ids and times, and in an order of its own. */
const STATE: readonly (readonly [module: string, what: string, table: string])[] = [
  ["orders", "email || ' ' || status || ' ' || total || ' ' || refunded", "orders"],
  ["orders", "code || ' ' || uses", "coupons"],
  ["inventory", "on_hand || ' ' || held || ' ' || committed", "level"],
  ["payments", "state || ' ' || authorised || ' ' || captured || ' ' || refunded", "payments"],
  [
    "shipping",
    "state || ' ' || coalesce(tracking_number, '')",
    "shipment WHERE state <> 'cancelled'",
  ],
  ["notifications", "recipient || ' ' || template || ' ' || state", "mails"],
];

function stateOf(rows: Rows): string[] {
  return STATE.flatMap(([module, what, table]) =>
    rows(module, `SELECT ${what} FROM ${table} ORDER BY 1`).map((row) => `${module}: ${row}`),
  );
}

/** What is there in the end of a run without faults, and what does not hold of it. */
function ended(scenario: Omit<Scenario, "topologies">, topology: Topology, seed: number) {
  let state: string[] = [];
  const looking: Invariant = {
    name: "looking",
    async check(_call, rows) {
      state = stateOf(rows);
      return [];
    },
  };
  const invariants = [...scenario.invariants, looking];
  const run = { ...scenario, invariants, topologies: [topology] };
  const { violations } = runSeed(run, { seed, minutes: 5, images: prepared(run) });
  return { violations, state };
}

// With enough for all of them nobody's outcome depends on who comes first; only whether a parcel
// was cancelled or never made, which is why those are left out.
test.each([1, 2, 3])("every topology ends with the same by the seed %d", async (seed) => {
  const scenario = {
    modules: (await Promise.all(modules.map(({ module }) => module()))).map((one) => one.default),
    workload: buyers({ stock: 1_000, couponUses: 1_000, abandoning: 0 }),
    invariants: books,
    faults: noFaults,
    outside: beyondTheShop,
  };
  const expected = ended(scenario, monolith, seed);
  expect(expected.violations).toEqual([]);
  expect(expected.state.filter((one) => one.startsWith("orders: buyer"))).toHaveLength(20);
  for (const topology of [split, core, edgeHeavy, replicated]) {
    expect(ended(scenario, topology, seed)).toEqual(expected);
  }
});
