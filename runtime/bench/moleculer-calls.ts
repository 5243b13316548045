import { type Context, ServiceBroker } from "moleculer";
import { CALLS_A_TURN, order, totalOf, turn } from "./specimen/order.ts";

const LINE = {
  type: "object",
  strict: "remove",
  props: {
    variantId: { type: "string", min: 1, max: 80 },
    sku: { type: "string", max: 60 },
    quantity: { type: "number", integer: true, min: 1, max: 999 },
    unitPrice: {
      type: "object",
      strict: "remove",
      props: {
        amount: { type: "number", integer: true, min: -1_000_000_000_000, max: 1_000_000_000_000 },
        currency: { type: "string", pattern: /^[A-Z]{3}$/ },
      },
    },
  },
};

const PARAMS = {
  $$strict: "remove",
  orderId: { type: "string", min: 1, max: 80 },
  email: { type: "string", min: 3, max: 320 },
  currency: { type: "string", pattern: /^[A-Z]{3}$/ },
  lines: { type: "array", min: 1, max: 100, items: LINE },
};

/** The same two modules as Moleculer services, with its own validator, the rest as it comes. */
export async function moleculerCalls(): Promise<{
  /** Milliseconds for `count` calls, one after another, from one service to the other. */
  elapsedMs(count: number): Promise<number>;
  stop(): Promise<void>;
}> {
  const broker = new ServiceBroker({ logger: false });
  broker.createService({
    name: "pricing",
    actions: {
      totalOf: {
        params: PARAMS,
        handler({ params: { orderId, currency, lines } }: { params: typeof order }) {
          return { orderId, total: { amount: totalOf(lines), currency } };
        },
      },
    },
  });
  broker.createService({
    name: "buying",
    actions: {
      askTotals: {
        async handler(context: Context<{ readonly count: number }>) {
          const { count } = context.params;
          const startedMs = performance.now();
          for (let index = 0; index < count; index++) {
            await context.call("pricing.totalOf", order);
            if (index % CALLS_A_TURN === 0) await turn();
          }
          return performance.now() - startedMs;
        },
      },
    },
  });
  await broker.start();
  return {
    elapsedMs: async (count) => Number(await broker.call("buying.askTotals", { count })),
    stop: () => broker.stop(),
  };
}
