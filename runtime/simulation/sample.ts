import type { Call } from "../contract/call.ts";
import { VALUE_BYTES_MAX } from "../contract/size.ts";
import type { Module } from "../module/define-module.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import type { Scenario } from "./scenario.ts";

const CLIENTS = 4;
/** The share of clients that send the largest value afterwards: it costs as much as their order. */
const EXCHANGING_LARGEST = 0.03;

/** A system of two modules, in one process or in three, whose clients order things from a shelf. */
export const sample: Scenario = {
  modules: [shelfModule, deskModule] satisfies readonly Module[],
  topologies: [{ all: ["shelf", "desk"] }, { gateway: [], shelf: ["shelf"], desk: ["desk"] }],
  workload: {
    clients: CLIENTS,
    async prepare(call: Call<typeof shelf>) {
      for (const thing of ["tea", "paper"]) await call(shelf.put, { thing, count: 100 });
    },
    async client({ number, call: made, pause, random }) {
      const call: Call<typeof desk | typeof shelf> = made;
      const orderId = `order-${number}`;
      await call(desk.order, { orderId, thing: "tea", count: 1, paper: "paper" });
      for (;;) {
        const { state } = await call(desk.orderState, { orderId });
        if (state !== "pending") break;
        await pause(1_000);
      }
      if (random() < EXCHANGING_LARGEST) await exchangeLargest(call);
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

/** The largest value goes both ways wherever the modules run, and one of a byte more nowhere. */
async function exchangeLargest(call: Call<typeof shelf>): Promise<void> {
  const frame = JSON.stringify({ value: [], note: "" }).length;
  const sized = (bytes: number) => ({ value: [], note: "x".repeat(bytes - frame) });
  const { note } = await call(shelf.echo, sized(VALUE_BYTES_MAX));
  if (note?.length !== VALUE_BYTES_MAX - frame) throw new Error("A large value came back cut.");
  const refused = call(shelf.echo, sized(VALUE_BYTES_MAX + 1)).then(() => "answered", String);
  if (!/^ContractError: The input of shelf.echo has \d+ bytes/.test(await refused)) {
    throw new Error(`A value above the limit was ${await refused}.`);
  }
}
