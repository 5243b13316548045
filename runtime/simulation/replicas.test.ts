import { expect, test } from "bun:test";
import {
  type Call,
  contract,
  declareUses,
  defineModule,
  handler,
  port,
  query,
  t,
} from "../index.ts";
import { operationsOf } from "../module/operations.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";

const lamp = contract("lamp", {
  /** The colour that the port gives it. */
  colour: query({ ownerOnly: true, input: t.Object({}), output: t.Object({ is: t.String() }) }),
  /** How many things are left, as the shelf says. */
  left: query({ input: t.Object({}), output: t.Object({ count: t.Integer() }) }),
  /** What has become of an order, as the desk says, which waits for its saga. */
  orderState: query({
    input: t.Object({ orderId: t.String() }),
    output: t.Object({ state: t.String() }),
  }),
});
const bulb = port("lamp.bulb", { settings: t.Object({}), open: () => "green" });
const { uses, handler: calling } = declareUses([shelf.countOf, desk.orderState]);
const lampModule = defineModule({
  contract: lamp,
  uses,
  migrations: [],
  ports: [bulb],
  handlers: {
    colour: handler(lamp.colour, (_input, { port: behind }) => ({ is: behind(bulb) })),
    left: calling(lamp.left, (_input, { call }) => call(shelf.countOf, { thing: "tea" })),
    orderState: calling(lamp.orderState, ({ orderId }, { call }) =>
      call(desk.orderState, { orderId, waitMs: 5_000 }),
    ),
  },
});
const own = operationsOf("desk");

/** Every sort of query: plain, with a call, with a port, with a saga to wait for, the kernel's. */
const asking: Omit<Scenario, "topologies"> = {
  modules: [shelfModule, deskModule, lampModule],
  faults: noFaults,
  invariants: [],
  workload: {
    clients: 4,
    async prepare(call: Call<typeof shelf>) {
      for (const thing of ["tea", "paper"]) await call(shelf.put, { thing, count: 100 });
    },
    async client({ number, call: made }) {
      const call: Call<typeof desk | typeof lamp | typeof shelf | typeof own> = made;
      for (let time = 0; time < 5; time++) {
        const orderId = `order-${number}-${time}`;
        await call(desk.order, { orderId, thing: "tea", count: 1, paper: "paper" });
        const { state } = await call(desk.orderState, { orderId, waitMs: 60_000 });
        const { is } = await call(lamp.colour, {});
        await call(lamp.left, {});
        const told = await call(lamp.orderState, { orderId });
        const sagas = await call(own.cleaveSagas, {
          name: null,
          state: null,
          id: orderId,
          limit: 9,
        });
        const isAlike = told.state === state;
        if (state !== "pending" && isAlike && is === "green" && sagas.length === 1) continue;
        throw new Error(`${orderId} is ${state}, the lamp ${is}, with ${sagas.length} sagas.`);
      }
    },
  },
};

test.each([
  ["one process", { all: ["shelf", "desk", "lamp"] }],
  [
    "replicas of each",
    {
      gateway: [],
      shelf: { readers: 2 },
      desk: { readers: 2 },
      lamp: { readers: 2 },
    },
  ],
  ["a replica of all together", { gateway: [], all: { modules: ["*"], readers: 1 } }],
] as const)("queries are answered alike by %s", (_where, topology) => {
  const run = { ...asking, topologies: [topology] };
  for (const seed of [1, 2, 3]) {
    expect(runSeed(run, { seed, minutes: 5, images: prepared(run) }).violations).toEqual([]);
  }
});
