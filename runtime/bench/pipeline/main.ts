// The same checkout by hand, with no kernel: a bare Elysia route over seven databases with group
// commit, and a durable unit for each that Cleave's saga has.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Elysia, t } from "elysia";
import catalogue from "../../../modules/products/seed/catalogue.json";
import { openRaw } from "../raw-group-commit.ts";
import { fillShelves, prepareCarts } from "./carts.ts";
import { type CheckoutBody, orderUnits } from "./order-units.ts";
import { schemas } from "./schema.ts";
import {
  inventoryUnits,
  mailUnits,
  type PlacedOrder,
  paymentUnits,
  shippingUnits,
} from "./units.ts";

const folder = process.argv[2] ?? "";
mkdirSync(folder, { recursive: true });
const open = (name: keyof typeof schemas) => openRaw(join(folder, `${name}.db`), schemas[name]);
open("users");
const products = open("products");
const inventoryDatabase = open("inventory");
const ordersDatabase = open("orders");
const orders = orderUnits(ordersDatabase, products);
const inventory = inventoryUnits(inventoryDatabase);
const payments = paymentUnits(open("payments"));
const shipping = shippingUnits(open("shipping"));
const mails = mailUnits(open("notifications"));
fillShelves(products, inventoryDatabase, catalogue);

async function checkout(body: CheckoutBody, key: string) {
  const order = await orders.place(body, key);
  await inventory.hold(order);
  await orders.step(order, 1);
  await payments.intend(order);
  await payments.record(order);
  await orders.step(order, 2);
  await inventory.commit(order);
  const seq = await orders.confirm(order, body.cartId);
  void afterwards(order, seq);
  return {
    checkoutId: order.orderId,
    state: "confirmed",
    orderId: order.orderId,
    total: order.total,
  };
}

async function afterwards(order: PlacedOrder, seq: number): Promise<void> {
  await Promise.all([
    shipping.open(order).then(() => orders.step(order, 5)),
    mails.queue(order, seq).then(() => mails.sent(order)),
  ]);
}

const app = new Elysia()
  .post("/prepare", ({ body }) => prepareCarts(ordersDatabase, products, body.count), {
    body: t.Object({ count: t.Integer() }),
  })
  .post(
    "/v1/checkouts",
    ({ body, headers, set }) => {
      set.status = 201;
      return checkout(body, headers["idempotency-key"]);
    },
    {
      headers: t.Object({ "idempotency-key": t.String() }),
      body: t.Object({
        cartId: t.String(),
        cartVersion: t.Integer(),
        expectedTotal: t.Object({ amount: t.Integer(), currency: t.String() }),
        paymentToken: t.String(),
      }),
    },
  )
  .listen({ hostname: "127.0.0.1", port: 0 });

process.once("SIGTERM", () => process.exit(0));
console.log(`http://127.0.0.1:${app.server?.port}`);
