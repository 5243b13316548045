// The laws that hold by type. Only the compiler runs this file: what is marked as an expected error
// must not compile, and the compiler complains if it does.

import {
  type Call,
  command,
  contract,
  declareUses,
  defineModule,
  event,
  handler,
  query,
  reaction,
  SagaRefusal,
  saga,
  t,
  waitUntil,
} from "./index.ts";

/** The name of a method of promises, here of data. */
const word = "then";
const stock = contract("stock", {
  levelOf: query({
    input: t.Object({ sku: t.String() }),
    output: t.Object({ level: t.Integer() }),
  }),
  hold: command({
    input: t.Object({ sku: t.String() }),
    output: t.Object({ left: t.Integer() }),
    errors: { OUT_OF_STOCK: t.Object({ sku: t.String(), available: t.Integer() }) },
  }),
  held: event(1, t.Object({ sku: t.String() })),
});
const mail = contract("mail", {
  send: command({ input: t.Object({ to: t.String() }), output: t.Object({}) }),
  route: command({
    input: t.Object({}),
    output: t.Object({ if: t.String(), [word]: t.String(), next: t.String() }),
  }),
  sendAgain: command({ input: t.Object({ to: t.String() }), output: t.Object({}) }),
  sent: event(1, t.Object({ sku: t.String() })),
});
const shop = contract("shop", {
  buy: command({ input: t.Object({ sku: t.String() }), output: t.Object({ left: t.Integer() }) }),
  shown: query({ input: t.Object({ sku: t.String() }), output: t.Object({ level: t.Integer() }) }),
});
const calling = declareUses([stock.hold, mail.send]);

export const lawful = [
  handler(stock.hold, ({ sku }, { transaction, fail }) =>
    transaction((tx) => {
      tx.emit(stock.held, { sku });
      if (sku === "") throw fail("OUT_OF_STOCK", { sku, available: 0 });
      return { left: 1 };
    }),
  ),
];

export const transactions = [
  // An answer that has a property called `then` is no promise.
  handler(mail.route, (_input, { transaction }) =>
    transaction(() => ({ if: "paid", [word]: "ship", next: "none" })),
  ),
  handler(stock.hold, (_input, { transaction }) =>
    // @ts-expect-error An asynchronous function is no transaction.
    transaction(async () => ({ left: 1 })),
  ),
  handler(stock.hold, (_input, { transaction }) =>
    // @ts-expect-error A transaction returns no promise.
    transaction(() => Promise.resolve({ left: 1 })),
  ),
  handler(stock.hold, async (_input, { transaction, intent }) => {
    // @ts-expect-error An intention is synchronous, too.
    await intent(async () => 1);
    // @ts-expect-error A generator has not ended when it returns.
    await intent(function* () {});
    // @ts-expect-error Nor has one that awaits.
    await intent(async function* () {});
    // @ts-expect-error No branch of it returns a promise.
    await intent(() => (stock === undefined ? 1 : Promise.resolve(2)));
    return transaction(() => ({ left: 1 }));
  }),
  // @ts-expect-error Only a transaction emits.
  handler(stock.hold, ({ sku }, { emit, transaction }) => {
    emit(stock.held, { sku });
    return transaction(() => ({ left: 1 }));
  }),
  // @ts-expect-error A command answers with its transaction.
  handler(stock.hold, async () => ({ left: 1 })),
  // @ts-expect-error A query has no transaction.
  handler(stock.levelOf, (_input, { transaction }) => transaction(() => ({ level: 1 }))),
  // @ts-expect-error A query that replicas answer has no ports.
  handler(stock.levelOf, (_input, { port }) => port({} as never)),
  // @ts-expect-error Nor does it wait for a saga.
  handler(stock.levelOf, (_input, { settled }) => settled({} as never, "1", 0)),
  handler(stock.hold, ({ sku }, { transaction }) =>
    transaction((tx) => {
      // @ts-expect-error An event carries what its contract says.
      tx.emit(stock.held, { sku, left: "1" });
      // @ts-expect-error A procedure is no event.
      tx.emit(stock.hold, { sku });
      // @ts-expect-error A module emits events of its own.
      tx.emit(mail.sent, { sku });
      // @ts-expect-error A module schedules commands of its own.
      tx.schedule(mail.send, { to: "ann" }, { key: "1", atMs: 0 });
      // @ts-expect-error A query cannot be scheduled.
      tx.schedule(stock.levelOf, { sku }, { key: "1", atMs: 0 });
      return { left: 1 };
    }),
  ),
];

export const shapes = [
  // @ts-expect-error The output has what the contract says.
  handler(stock.levelOf, () => ({ level: "1" })),
  // @ts-expect-error The input has only what the contract says.
  handler(stock.levelOf, ({ name }) => ({ level: name.length })),
  handler(stock.hold, (_input, { transaction }) =>
    // @ts-expect-error A command's answer is the contract's output.
    transaction(() => ({ right: 1 })),
  ),
  calling.handler(shop.buy, async (_input, { call, transaction }) => {
    // @ts-expect-error A call's input is the contract's.
    await call(stock.hold, { sku: 1 });
    const { left } = await call(stock.hold, { sku: "tea" });
    // @ts-expect-error A call's output is the contract's.
    left.toUpperCase();
    // @ts-expect-error An event cannot be called.
    await call(stock.held, { sku: "tea" });
    return transaction(() => ({ left }));
  }),
];

export const errors = [
  handler(stock.hold, ({ sku }, { fail }) => {
    // @ts-expect-error Only declared errors can be failed with.
    throw fail("SOLD_OUT", { sku });
  }),
  handler(stock.hold, ({ sku }, { fail }) => {
    // @ts-expect-error An error's data is what the contract says.
    throw fail("OUT_OF_STOCK", { sku, available: "none" });
  }),
  handler(stock.levelOf, (_input, { fail }) => {
    // @ts-expect-error A procedure without errors cannot fail by one.
    throw fail("OUT_OF_STOCK", { sku: "tea", available: 0 });
  }),
];

export const undeclaredCalls = [
  handler(shop.buy, async ({ sku }, { call, transaction }) => {
    // @ts-expect-error Without `uses` nothing can be called.
    const { left } = await call(stock.hold, { sku });
    return transaction(() => ({ left }));
  }),
  calling.handler(shop.buy, async ({ sku }, { call, transaction }) => {
    // @ts-expect-error The procedure is not in `uses`, though others of its module are.
    await call(stock.levelOf, { sku });
    // @ts-expect-error Nor is this one, though one of the same shape is.
    await call(mail.sendAgain, { to: "ann" });
    return transaction(() => ({ left: 1 }));
  }),
  // @ts-expect-error An event is not called.
  declareUses([stock.held]),
  // @ts-expect-error A procedure is declared, not its whole module.
  declareUses([stock]),
];

const options = { version: 1, input: t.Object({ sku: t.String() }), deadlineMs: 1 };
const buying = calling.saga("shop.buy", options);

export const sagas = [
  buying.step("mail", {
    // @ts-expect-error The procedure is not in `uses`.
    run: ({ call }) => call(mail.sendAgain, { to: "ann" }),
  }),
  buying.step("hold", {
    run: ({ input, call }) => call(stock.hold, input),
    // @ts-expect-error Nor can it be called to undo a step.
    compensate: ({ call }) => call(mail.sendAgain, { to: "ann" }),
  }),
  saga("shop.alone", options).step("hold", {
    // @ts-expect-error Without `uses` nothing can be called.
    run: ({ input, call }) => call(stock.hold, input),
  }),
  buying
    // @ts-expect-error A step sees the results of earlier steps only.
    .step("first", { run: async ({ done }) => done["second"] })
    .step("second", { run: async () => 2 }),
  buying
    .step("first", { run: async () => 1 })
    // @ts-expect-error A result has the type of its step's.
    .step("second", { run: async ({ done }) => done["first"].toUpperCase() }),
  buying
    .step("first", {
      run: async () => 1,
      // @ts-expect-error The result may be unknown when a step is undone.
      compensate: async ({ done }) => done,
    })
    .pivot("decided", (_tx, { done }) => void done.first.toFixed()),
  buying
    .pivot("decided", () => {})
    // @ts-expect-error After the pivot there is no way back.
    .step("ship", { run: async () => 1, compensate: async () => 1 }),
  // @ts-expect-error A pivot is synchronous.
  buying.pivot("decided", async () => {}),
  // @ts-expect-error A pivot is no generator.
  buying.pivot("decided", function* () {}),
  // @ts-expect-error The end of a saga is synchronous,
  buying.ending(async () => {}),
  // @ts-expect-error whether it has a pivot or not.
  buying.pivot("decided", () => {}).ending(() => Promise.resolve()),
  // @ts-expect-error There is one pivot.
  buying.pivot("decided", () => {}).pivot("again", () => {}),
];

interface Held {
  readonly sku: string;
  readonly lines: readonly { readonly count: number; readonly note?: string | undefined }[];
  readonly place: "shelf" | null;
}
class Clock {
  now(): number {
    return 0;
  }
}
declare const held: Held;
declare const anything: unknown;
declare const call: Call<typeof stock>;

/** What a step returns survives JSON. */
export const results = [
  buying
    .step("interface", { run: async () => held })
    .step("contract", { run: () => call(stock.hold, { sku: "tea" }) })
    .step("unknown", { run: async () => anything })
    .step("tuple", { run: async () => [1, "a", null] as const })
    .step("wait", { run: async ({ now }) => (now() > 1 ? { at: 1 } : waitUntil(2)) })
    .step("nothing", { run: async () => {} })
    .pivot("decided", (_tx, { done }) => {
      const nothing: null = done.nothing;
      return void [nothing, done.wait.at.toFixed(), done.interface.lines.length];
    }),
  // @ts-expect-error A Date would be a string.
  buying.step("date", { run: async () => ({ at: new Date(0) }) }),
  // @ts-expect-error A Map would be empty.
  buying.step("map", { run: async () => new Map([["tea", 1]]) }),
  // @ts-expect-error Bytes would be an object.
  buying.step("bytes", { run: async () => new Uint8Array(2) }),
  // @ts-expect-error An object of a class would lose it.
  buying.step("class", { run: async () => [new Clock()] }),
  // @ts-expect-error JSON has no BigInt.
  buying.step("bigint", { run: async () => ({ count: 1n }) }),
  // @ts-expect-error In an array undefined would be null.
  buying.step("undefined", { run: async () => [1, undefined] }),
  // @ts-expect-error A function would be lost.
  buying.pivot("decided", () => {}).step("function", { run: async () => ({ next: () => 1 }) }),
];

export const refusals = [
  new SagaRefusal("NO"),
  new SagaRefusal("NO", held),
  new SagaRefusal("NO", anything),
  // @ts-expect-error A Date would be a string.
  new SagaRefusal("NO", { at: new Date(0) }),
];

reaction(stock.held, (_tx, payload) => {
  // @ts-expect-error A reaction gets what the event's contract says.
  payload.left.toFixed();
});
// @ts-expect-error One reacts to events, not to procedures.
reaction(stock.hold, () => {});
reaction(stock.held, () => ({ [word]: "data" }));
// @ts-expect-error A reaction is synchronous.
reaction(stock.held, async () => {});
// @ts-expect-error It returns no promise in any branch.
reaction(stock.held, (_tx, { sku }) => (sku === "" ? undefined : Promise.resolve()));
// @ts-expect-error A generator would never run.
reaction(stock.held, function* () {});

const buy = calling.handler(shop.buy, async ({ sku }, { call, transaction }) => {
  const { left } = await call(stock.hold, { sku });
  return transaction(() => ({ left }));
});
const shown = handler(shop.shown, () => ({ level: 1 }));
const { uses } = calling;
const handlers = { buy, shown };
const quiet = {
  buy: handler(shop.buy, (_input, { transaction }) => transaction(() => ({ left: 1 }))),
  shown,
};

export const modules = [
  defineModule({ contract: shop, uses, migrations: [], handlers, sagas: [buying] }),
  defineModule({ contract: shop, uses: [stock.hold, mail.send], migrations: [], handlers }),
  defineModule({ contract: shop, migrations: [], handlers: quiet }),
  // @ts-expect-error Who has migrations has a schema, which they are compared with at start.
  defineModule({ contract: mail, migrations: [{ name: "0000", sql: "" }], handlers: {} }),
  // @ts-expect-error Each procedure has a handler.
  defineModule({ contract: shop, uses, migrations: [], handlers: { buy } }),
  // @ts-expect-error A handler calls what the module declares.
  defineModule({ contract: shop, uses: [stock.hold], migrations: [], handlers }),
  // @ts-expect-error And nothing when it declares nothing.
  defineModule({ contract: shop, migrations: [], handlers }),
  // @ts-expect-error Nor does a saga call what the module does not declare.
  defineModule({ contract: shop, migrations: [], handlers: quiet, sagas: [buying] }),
  // @ts-expect-error A handler is that of the procedure under whose name it stands.
  defineModule({ contract: shop, uses, migrations: [], handlers: { buy: shown, shown } }),
];
