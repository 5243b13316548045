import type { Call } from "../contract/call.ts";
import type { Module } from "../module/define-module.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import type { Scenario } from "./scenario.ts";

const CLIENTS = 4;

/** A system of two modules, in one process or in three, whose clients order things from a shelf. */
export const sample: Scenario = {
  modules: [shelfModule, deskModule] satisfies readonly Module[],
  topologies: [{ all: ["shelf", "desk"] }, { gateway: [], shelf: ["shelf"], desk: ["desk"] }],
  workload: {
    clients: CLIENTS,
    async prepare(call: Call<typeof shelf>) {
      for (const thing of ["tea", "paper"]) await call(shelf.put, { thing, count: 100 });
    },
    async client({ number, call: made, pause }) {
      const call: Call<typeof desk> = made;
      const orderId = `order-${number}`;
      await call(desk.order, { orderId, thing: "tea", count: 1, paper: "paper" });
      for (;;) {
        const { state } = await call(desk.orderState, { orderId });
        if (state !== "pending") return;
        await pause(1_000);
      }
    },
  },
  invariants: [
    {
      name: "what was ordered was taken, once",
      async check(call: Call<typeof shelf>, look) {
        const ordered = look("desk", "SELECT id FROM desk_order WHERE state LIKE 'ordered%'");
        const { count } = await call(shelf.countOf, { thing: "tea" });
        return count === 100 - ordered.length ? [] : [`${count} are left of 100: ${ordered}`];
      },
    },
  ],
};
