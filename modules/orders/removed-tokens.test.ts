import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { kernelMigrations } from "../../runtime/messaging/kernel-schema.ts";
import { openDatabase } from "../../runtime/store/database.ts";
import { temporaryFolder } from "../../runtime/testing/temporary-folder.ts";
import { virtualEnvironment } from "../../runtime/testing/virtual-environment.ts";
import ordersModule from "./module.ts";

const { migrations, schema } = ordersModule;
const saga = { orderToken: "secret", paymentToken: "card", orderId: "ord_1" };

test("tokens that an older version kept are removed, but the card of what is under way", () => {
  using folder = temporaryFolder();
  const open = (known: typeof migrations, kept?: typeof schema) =>
    openDatabase({
      module: "orders",
      folder: folder.path,
      migrations: { kernel: kernelMigrations, module: known },
      ...(kept !== undefined && { schema: kept }),
      environment: virtualEnvironment(),
    }).close();
  open(migrations.slice(0, 1));
  const before = new BetterSqlite3(`${folder.path}/orders.db`);
  const addSaga = before.prepare(
    `INSERT INTO cleave_saga (name, id, version, state, step, input, done, failure, trace_id,
       started_at_ms, changed_at_ms)
     VALUES ('orders.place-order', ?, 1, ?, ?, ?, '{}', ?, 't', 1, 1)`,
  );
  const failure = '{"step":"authorise-payment","code":"deadline","data":null}';
  for (const [id, state, step, failed] of [
    ["asks", "waiting", 1, null],
    ["decided", "running", 3, null],
    ["passed", "running", 4, null],
    ["turns", "compensating", 1, failure],
    ["stuck", "stuck", 1, failure],
    ["over", "completed", 5, null],
  ] as const) {
    addSaga.run(id, state, step, JSON.stringify(saga), failed);
  }
  const addEvent = before.prepare(
    `INSERT INTO cleave_outbox (event, version, payload, trace_id, occurred_at_ms)
     VALUES (?, 1, ?, 't', 1)`,
  );
  addEvent.run("orderConfirmed", '{"orderId":"ord_1","orderToken":"secret"}');
  addEvent.run("orderConfirmed", "damaged");
  const addAnswer = before.prepare(
    "INSERT INTO cleave_answer VALUES ('gateway', ?, 'startCheckout', 'hash', ?, 1)",
  );
  addAnswer.run("one", '{"checkoutId":"ord_1","orderToken":"secret"}');
  addAnswer.run("two", '!{"code":"CART_CHANGED","data":{"version":1}}');
  before.close();

  open(migrations, schema);

  const after = new BetterSqlite3(`${folder.path}/orders.db`, { readonly: true });
  const all = (sql: string) => after.prepare(sql).pluck().all();
  expect(all("SELECT id || ' ' || input FROM cleave_saga ORDER BY id")).toEqual([
    'asks {"paymentToken":"card","orderId":"ord_1"}',
    'decided {"paymentToken":"card","orderId":"ord_1"}',
    'over {"orderId":"ord_1"}',
    'passed {"orderId":"ord_1"}',
    'stuck {"orderId":"ord_1"}',
    'turns {"orderId":"ord_1"}',
  ]);
  expect(all("SELECT payload FROM cleave_outbox")).toEqual(['{"orderId":"ord_1"}', "damaged"]);
  expect(all("SELECT answer FROM cleave_answer ORDER BY key")).toEqual([
    '{"checkoutId":"ord_1"}',
    '!{"code":"CART_CHANGED","data":{"version":1}}',
  ]);
  after.close();
});
