// The laws that hold by type. Only the compiler runs this file: what is marked as an expected error
// must not compile, and the compiler complains if it does.

import {
  command,
  contract,
  declareUses,
  defineModule,
  event,
  handler,
  query,
  reaction,
  saga,
  t,
} from "./index.ts";

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
  // @ts-expect-error There is one pivot.
  buying.pivot("decided", () => {}).pivot("again", () => {}),
];

reaction(stock.held, (_tx, payload) => {
  // @ts-expect-error A reaction gets what the event's contract says.
  payload.left.toFixed();
});
// @ts-expect-error One reacts to events, not to procedures.
reaction(stock.hold, () => {});

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
