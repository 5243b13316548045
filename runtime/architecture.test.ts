import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { violation, violations } from "./architecture.ts";
import { type Modules, modulesAmong } from "./architecture-facts.ts";
import { filesUnder, parseSource, sourcesAmong } from "./sources.ts";

const root = join(import.meta.dir, "..");

test("the tree breaks no rule of who may import whom", () => {
  expect(violations(sourcesAmong(root, filesUnder(root)))).toEqual([]);
});

const modules: Modules = new Map([
  ["orders", { uses: ["payments"], reactsTo: ["shipping"] }],
  ["payments", { uses: [], reactsTo: [] }],
  ["shipping", { uses: [], reactsTo: [] }],
]);

/** What the rules say of one file's source, in a shop of orders, payments and shipping. */
function judged(from: string, text: string): string[] {
  return parseSource(from, text).imports.flatMap(
    (one) => violation({ from, ...one }, modules) ?? [],
  );
}

describe("the rules refuse", () => {
  test.each([
    [
      "another module's store",
      "modules/orders/sagas/pay.ts",
      'import * as store from "../../payments/store.ts";',
      'modules meet only at their contracts. Import "#modules/payments"',
    ],
    [
      "another module's contract spelled by its path",
      "modules/orders/sagas/pay.ts",
      'import { payments } from "../../payments/contract.ts";',
      'modules meet only at their contracts. Import "#modules/payments"',
    ],
    [
      "another module's table in a test",
      "modules/orders/orders.test.ts",
      'import { charges } from "../payments/schema.ts";',
      'modules meet only at their contracts. Import "#modules/payments"',
    ],
    [
      "an undeclared neighbour",
      "modules/payments/handlers/refund.ts",
      'import { orders } from "#modules/orders";',
      "payments declares no use of orders, and reacts to none of its events. Add the procedures " +
        "that it calls to modules/payments/uses.ts, or react to an event of orders.",
    ],
    [
      "an undeclared neighbour's types alone",
      "modules/payments/domain.ts",
      'export type Id = import("#modules/orders").Id;',
      "payments declares no use of orders",
    ],
    [
      "a use of the module's own",
      "modules/orders/uses.ts",
      'import { orders } from "./contract.ts";',
      "uses.ts names procedures of other modules.",
    ],
    [
      "the list of uses in http.ts",
      "modules/orders/http.ts",
      'import { uses } from "./uses.ts";',
      "http.ts talks to its module by `call` only.",
    ],
    [
      "the kernel's inside in a module",
      "modules/orders/store.ts",
      'import type { Read } from "../../runtime/store/connection.ts";',
      'a module knows of the kernel only "#runtime"',
    ],
    [
      "HTTP outside of http.ts",
      "modules/orders/handlers/place.ts",
      'import { Elysia } from "#runtime/http";',
      "only http.ts speaks HTTP",
    ],
    [
      "Elysia in a module",
      "modules/orders/http.ts",
      'import { Elysia } from "elysia";',
      "elysia is at home in runtime/gateway and runtime/http.ts only",
    ],
    [
      "Drizzle in a handler",
      "modules/orders/handlers/place.ts",
      'import { eq } from "drizzle-orm";',
      "drizzle-orm is at home in runtime/store and a module's schema.ts and store.ts only",
    ],
    [
      "NATS beside its driver",
      "runtime/messaging/relay.ts",
      'import { jetstream } from "@nats-io/jetstream";',
      "@nats-io/jetstream is at home in runtime/transport/nats* only",
    ],
    [
      "a package that nobody housed",
      "runtime/host/config.ts",
      'import { z } from "zod/v4";',
      "zod has no home. Name its one home in runtime/architecture.ts, or do without it.",
    ],
    [
      "a handler in another handler",
      "modules/orders/handlers/place.ts",
      'import { pay } from "./pay.ts";',
      "handlers, reactions and sagas know domain, store, contract, sagas and ports",
    ],
    [
      "the store in http.ts",
      "modules/orders/http.ts",
      'import { orderById } from "./store.ts";',
      "http.ts talks to its module by `call` only",
    ],
    [
      "the store in a contract",
      "modules/orders/contract.ts",
      'import { states } from "./domain.ts";',
      "a contract depends on nothing of its module",
    ],
    [
      "the wiring in a handler",
      "modules/orders/handlers/place.ts",
      'import module from "../module.ts";',
      "module.ts is the wiring",
    ],
    [
      "files in pure rules",
      "modules/orders/domain.ts",
      'import { readFileSync } from "node:fs";',
      "domain.ts is pure: no input or output",
    ],
    [
      "the kernel's machinery in pure rules",
      "modules/orders/domain.ts",
      'import { handler, money, t } from "#runtime";',
      "domain.ts has only values and types from the kernel, not handler.",
    ],
    [
      "the store in pure rules",
      "modules/orders/domain.ts",
      'import type { Row } from "./store.ts";',
      "domain.ts decides and neither loads nor stores",
    ],
    [
      "a module in the runtime",
      "runtime/host/instance.ts",
      'import orders from "../../modules/orders/module.ts";',
      "the runtime knows no module and no deployment",
    ],
    [
      "a layer to the right",
      "runtime/store/database.ts",
      'import type { Transport } from "../transport/transport.ts";',
      "the layer store is left of transport, or beside it",
    ],
    [
      "a layer beside",
      "runtime/resilience/retry.ts",
      'import { Log } from "../telemetry/log.ts";',
      "the layer resilience is left of telemetry, or beside it",
    ],
    [
      "a layer past the gateway in the kernel's door",
      "runtime/index.ts",
      'export type { Config } from "./host/config.ts";',
      "a door of the kernel is left of host, or beside it",
    ],
    [
      "the kernel's door in the kernel",
      "runtime/saga/engine.ts",
      'import { t } from "../index.ts";',
      "the kernel imports the file that defines the thing, not a door.",
    ],
    [
      "a file of no layer",
      "runtime/clock.ts",
      'import { t } from "./contract/schema.ts";',
      "runtime/clock.ts is in no layer.",
    ],
    [
      "test aids in the product",
      "runtime/host/instance.ts",
      'const { place } = await import("../testing/place.ts");',
      "only tests import what is made for tests.",
    ],
    [
      "a module's inside in the deployment",
      "deploy/main.ts",
      'import { orderById } from "../modules/orders/store.ts";',
      "deploy knows contracts, and the list in modules/index.ts.",
    ],
    [
      "a module's inside in the list of modules",
      "modules/index.ts",
      'import { orderById } from "./orders/store.ts";',
      "the list knows what each module shows: contract.ts, module.ts and http.ts.",
    ],
    [
      "a path that is computed",
      "runtime/host/instance.ts",
      "export const load = (name: string) => import(name);",
      "a computed path hides who depends on whom.",
    ],
  ])("%s", (_what, from, text, sentence) => {
    const [said, ...more] = judged(from, text);
    expect(more).toEqual([]);
    expect(said).toStartWith(`${from} imports `);
    expect(said).toContain(sentence);
  });
});

test.each([
  ["modules/orders/handlers/pay.ts", 'import { payments } from "#modules/payments";'],
  ["modules/orders/handlers/pay.ts", 'import { orderById } from "../store.ts";'],
  ["modules/orders/reactions/on-sent.ts", 'import { shipping } from "#modules/shipping";'],
  ["modules/orders/http.ts", 'import { type Edge, Elysia } from "#runtime/http";'],
  ["modules/orders/store.ts", 'import { eq } from "drizzle-orm";'],
  ["modules/orders/schema.ts", 'import { text } from "drizzle-orm/sqlite-core";'],
  ["modules/orders/domain.ts", 'import { type Money, add } from "#runtime";'],
  ["modules/payments/contract.ts", 'import { addressSchema } from "#modules/shipping";'],
  ["modules/orders/orders.test.ts", 'import payments from "../payments/module.ts";'],
  ["modules/orders/orders.test.ts", 'import { place } from "../../runtime/testing/place.ts";'],
  ["modules/index.ts", 'export const load = () => import("./orders/module.ts");'],
  ["deploy/main.ts", 'import { start } from "../runtime/host/instance.ts";'],
  ["runtime/http.ts", 'export type { Edge } from "./gateway/edge.ts";'],
  ["runtime/saga/engine.ts", 'import { Log } from "../telemetry/log.ts";'],
])("the rules let %s do %s", (from, text) => {
  expect(judged(from, text)).toEqual([]);
});

test("every kind of import is seen", () => {
  const source = parseSource(
    "runtime/store/all.ts",
    `import { a } from "./a.ts";
     import type { B } from "./b.ts";
     import "./c.ts";
     import * as d from "./d.ts";
     export { e } from "./e.ts";
     export type { F } from "./f.ts";
     export * from "./g.ts";
     const h = await import("./h.ts");
     type I = import("./i.ts").I;
     d.first(d.second);`,
  );
  expect(source.imports.map(({ to, names }) => `${to} ${names}`)).toEqual([
    "runtime/store/a.ts a",
    "runtime/store/b.ts B",
    "runtime/store/c.ts ",
    "runtime/store/d.ts first,second",
    "runtime/store/e.ts e",
    "runtime/store/f.ts F",
    "runtime/store/g.ts *",
    "runtime/store/h.ts *",
    "runtime/store/i.ts I",
  ]);
});

const shippedByOrders = parseSource(
  "modules/orders/reactions/on-sent.ts",
  `import { shipping } from "#modules/shipping";
   export const onSent = reaction(shipping.sent, () => {});`,
);

test.each([
  ["uses.ts", "export const { uses, handler } = declareUses([payments.pay, payments.refund]);"],
  ["module.ts", "export default defineModule({ contract: orders, uses: [payments.pay] });"],
])("what a module uses and reacts to is read from its %s and its reactions", (file, text) => {
  const found = modulesAmong([
    parseSource(`modules/orders/${file}`, `import { payments } from "#modules/payments"; ${text}`),
    shippedByOrders,
  ]);
  expect([...found]).toEqual([["orders", { uses: ["payments"], reactsTo: ["shipping"] }]]);
});

test("a procedure that is declared and never called is reported", () => {
  const imports = 'import { payments } from "#modules/payments"; import "#runtime";';
  const found = violations([
    parseSource(
      "modules/orders/uses.ts",
      `${imports} export const { handler } = declareUses([payments.pay, payments.refund]);`,
    ),
    parseSource(
      "modules/orders/handlers/buy.ts",
      `${imports} export const buy = handler(orders.buy, (_, { call }) => call(payments.pay, {}));`,
    ),
    parseSource("modules/orders/orders.test.ts", `${imports} call(payments.refund, {});`),
  ]);
  expect(found).toEqual([
    "modules/orders/uses.ts declares payments.refund, which orders never calls. Remove it.",
  ]);
});

test("files that import in a circle, and modules that call in a circle, are reported once", () => {
  const module = (name: string, other: string) =>
    parseSource(
      `modules/${name}/module.ts`,
      `import { ${other} } from "#modules/${other}";
       export default defineModule({ uses: [${other}.run] });
       export const run = () => call(${other}.run, {});`,
    );
  const found = violations([
    parseSource("runtime/store/a.ts", 'import "./b.ts";'),
    parseSource("runtime/store/b.ts", 'import "./c.ts";'),
    parseSource("runtime/store/c.ts", 'import type { A } from "./a.ts";'),
    module("orders", "payments"),
    module("payments", "orders"),
  ]);
  expect(found).toEqual([
    "runtime/store/a.ts → runtime/store/b.ts → runtime/store/c.ts → runtime/store/a.ts: " +
      "these files import in a circle. Move the shared part out.",
    "orders → payments → orders: these modules call in a circle. Have one react to an event.",
  ]);
});
