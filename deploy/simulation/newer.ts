import { inventory } from "#modules/inventory";
import { command, contract, event, type InputOf, t } from "#runtime";
import { moduleName, type Procedure } from "../../runtime/contract/contract.ts";
import type { Transaction } from "../../runtime/messaging/transaction.ts";
import type { Module } from "../../runtime/module/define-module.ts";
import type { CommandContext } from "../../runtime/module/handler.ts";
import type { RunStep, StepContext } from "../../runtime/saga/saga.ts";

/** The channel that orders names when it holds stock. */
const WEB = "web";
const channel = t.Optional(t.String({ maxLength: 20 }));

/** What inventory promises a version on: one field more on the way in, out and to all who hear. */
const added = contract("inventory", {
  holdStock: command({
    input: t.Object({ ...inventory.holdStock.input.properties, channel }),
    output: t.Object({ ...inventory.holdStock.output.properties, channel }),
    errors: inventory.holdStock.errors,
  }),
  stockRanOut: event(1, t.Object({ ...inventory.stockRanOut.payload.properties, channel })),
});

const newer: { readonly [module: string]: (module: Module) => Module } = {
  inventory: newerInventory,
  orders: newerOrders,
  products: newerProducts,
};

/**
 * The shop a version on, over the same databases: orders tells inventory the channel of an order,
 * and inventory tells it to whoever hears that something ran out. All of it may be left out.
 */
export function newerOf(modules: readonly Module[]): Module[] {
  return modules.map((module) => newer[module.contract[moduleName]]?.(module) ?? module);
}

function newerInventory(module: Module): Module {
  type Hold = typeof added.holdStock;
  const older = existing(module.handlers[inventory.holdStock.name], "command holdStock");
  const work = (input: InputOf<Hold>, context: CommandContext<Hold>) => {
    const more = input.channel === undefined ? {} : { channel: input.channel };
    const emitting = (tx: Transaction): Transaction => {
      const emit: Transaction["emit"] = (what, payload) => {
        if (what.name !== added.stockRanOut.name) return tx.emit(what, payload);
        tx.emit(added.stockRanOut, Object.assign({}, payload, more) as never);
      };
      return withOther(tx, { emit });
    };
    const transaction: typeof context.transaction = (decide) =>
      context.transaction((tx) => ({ ...decide(emitting(tx)), ...more }));
    return older.work(input as never, withOther(context, { transaction }) as never);
  };
  const holdStock = { ...older, procedure: added.holdStock, work };
  const promise = { ...module.contract, ...added, [moduleName]: inventory[moduleName] };
  return { ...module, contract: promise, handlers: { ...module.handlers, holdStock } };
}

/** A step that the newer version of an order's saga has more than the older one. */
const chooseChannel: RunStep = { kind: "run", name: "choose-channel", run: async () => ({}) };

/** A saga of other steps is another version of it; what is under way ends as it began. */
function newerOrders(module: Module): Module {
  const older = existing(
    module.sagas.find(({ name }) => name === "orders.place-order"),
    "saga place-order",
  );
  const steps = older.steps.map((step) =>
    step.kind === "run"
      ? { ...step, run: (context: Step) => step.run(naming(context) as never) }
      : step,
  );
  const placeOrder = { ...older, version: older.version + 1, steps: [chooseChannel, ...steps] };
  const beginning = existing(module.handlers["startCheckout"], "command startCheckout");
  const work = (input: never, context: CommandContext<Procedure>) => {
    const start = (tx: Transaction) => (_: unknown, id: string, given: never) =>
      tx.start(placeOrder, id, given);
    const transaction: typeof context.transaction = (decide) =>
      context.transaction((tx) => decide(withOther(tx, { start: start(tx) })));
    return beginning.work(input, withOther(context, { transaction }) as never);
  };
  const handlers = { ...module.handlers, startCheckout: { ...beginning, work } };
  const uses = [...module.uses, added.holdStock];
  return { ...module, uses, handlers, sagas: [placeOrder, ...module.sagas] };
}

type Step = StepContext<never, never, Procedure<"inventory">>;

/** Has a step name the channel when it holds stock. */
function naming(context: Step): Step {
  const call = (procedure: Procedure, input: object, options?: object) =>
    procedure === inventory.holdStock
      ? context.call(added.holdStock as never, { ...input, channel: WEB } as never, options)
      : context.call(procedure as never, input as never, options);
  return withOther(context, { call: call as never });
}

function newerProducts(module: Module): Module {
  const reactions = module.reactions.map((one) =>
    one.event === inventory.stockRanOut ? { ...one, event: added.stockRanOut } : one,
  );
  return { ...module, reactions };
}

function existing<T>(part: T | undefined, what: string): T {
  if (part !== undefined) return part;
  throw new Error(`The shop has no ${what} any more. Choose another for its newer version.`);
}

/** An object with other functions for some of its own. */
function withOther<T extends object>(own: T, others: Partial<T>): T {
  return new Proxy(own, {
    get(_, name) {
      if (Object.hasOwn(others, name)) return Reflect.get(others, name);
      const value: unknown = Reflect.get(own, name);
      return typeof value === "function" ? value.bind(own) : value;
    },
  });
}
