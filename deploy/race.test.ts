import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import type { OutputOf } from "#runtime";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, type FullCart, fillCart } from "./testing/buyer.ts";
import { asSystem, stockLittleShop } from "./testing/little-shop.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

const UNITS = 50;
const BUYERS = 200;
const COUPON_BUYERS = 60;
const USES = 20;
const AT_ONCE = 50;

let shop: SpawnedShop;
let variantId: string;

beforeAll(async () => {
  shop = await spawnShop({ arguments: ["--no-demo"] });
  ({ variantId } = await stockLittleShop(shop, { units: UNITS, usesMax: USES }));
}, 60_000);
afterAll(() => shop?.[Symbol.asyncDispose]());

async function level() {
  const { levels } = await asSystem(shop.folder, inventory.stockOf, { variantId });
  const [found] = levels;
  if (found === undefined) throw new Error("The variant has no stock row.");
  return found;
}

/** Looks at the shelf again and again until told to stop; resolves with what it saw too low. */
async function watched(isOver: () => boolean): Promise<unknown[]> {
  const wrong: unknown[] = [];
  while (!isOver()) {
    const seen = await level();
    const { onHand, held, committed, available } = seen;
    if (Math.min(onHand, held, committed, available) < 0) wrong.push(seen);
    if (onHand !== UNITS || held + committed > UNITS) wrong.push(seen);
  }
  return wrong;
}

/** Full carts of many buyers, filled by some at once. */
async function carts(count: number, coupon: { coupon?: string } = {}): Promise<FullCart[]> {
  const found: FullCart[] = [];
  while (found.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - found.length) }, (_, offset) => {
      const email = `buyer-${found.length + offset}@example.com`;
      return fillCart(shop.client(), { variantId, email, ...coupon });
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

type Answer = Awaited<ReturnType<typeof checkOut>>;

/** One answer as a word: confirmed, running, or the code of the refusal. */
function wordOf({ data, error }: Answer): string {
  if (data !== null) return data.state;
  const value: unknown = error.value;
  return typeof value === "object" && value !== null && "code" in value ? String(value.code) : "?";
}

/** Buys; every third buyer presses the button twice, every fifth sends the order again. */
async function buy(cart: FullCart, buyer: number): Promise<string> {
  const attempt = { token: "tok_ok", key: `order-of-${buyer}` };
  const clicks = buyer % 3 === 0 ? 2 : 1;
  const answers = await Promise.all(
    Array.from({ length: clicks }, () => checkOut(shop.url, cart, attempt)),
  );
  if (buyer % 5 === 0) answers.push(await checkOut(shop.url, cart, attempt));
  const last = await eventually(
    () => checkOut(shop.url, cart, attempt),
    (answer) => answer.status !== 202,
  );
  const words = new Set([...answers, last].map(wordOf));
  words.delete("running");
  return [...words].join(" then ");
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

async function confirmedOrders() {
  const found = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const from: { cursor?: string } = cursor === "" ? {} : { cursor };
    const page: OutputOf<typeof orders.ordersOf> = await asSystem(shop.folder, orders.ordersOf, {
      limit: 100,
      ...from,
    });
    found.push(...page.items);
    cursor = page.nextCursor;
  }
  return found.filter(({ status }) => status === "confirmed");
}

describe("two hundred buyers at once for fifty units", () => {
  test("get exactly fifty of them, and all others are told that there are no more", async () => {
    const full = await carts(BUYERS);
    let isOver = false;
    const watching = watched(() => isOver);
    const words = await Promise.all(full.map(buy));
    isOver = true;
    expect(await watching).toEqual([]);
    expect(counted(words)).toEqual({ confirmed: UNITS, out_of_stock: BUYERS - UNITS });
    expect(await level()).toMatchObject({ onHand: UNITS, held: 0, committed: UNITS });
  }, 60_000);

  test("are charged once each for what they got, and nothing for what they did not", async () => {
    const confirmed = await confirmedOrders();
    expect(confirmed).toHaveLength(UNITS);
    for (const { orderId, total } of confirmed) {
      const payment = await asSystem(shop.folder, payments.paymentOfOrder, { orderId });
      expect(payment).toMatchObject({ attempt: 1, state: "authorised", authorised: total });
    }
    const { violations } = await asSystem(shop.folder, orders.reconcile, {});
    expect(violations).toEqual([]);
  });
});

describe("sixty buyers at once with a coupon for twenty uses", () => {
  test("use it exactly twenty times", async () => {
    await asSystem(shop.folder, inventory.adjustStock, {
      variantId,
      delta: COUPON_BUYERS,
      reason: "receipt",
      ref: "more",
    });
    const before = new Set((await confirmedOrders()).map(({ orderId }) => orderId));
    const full = await carts(COUPON_BUYERS, { coupon: "TENTH" });
    const words = await Promise.all(full.map((cart, buyer) => buy(cart, BUYERS + buyer)));
    expect(counted(words)).toMatchObject({ confirmed: USES });
    for (const word of words)
      expect(word).toMatch(/^confirmed$|coupon_not_applicable|price_changed/);

    const after = (await confirmedOrders()).filter(({ orderId }) => !before.has(orderId));
    expect(after).toHaveLength(USES);
    for (const { orderId } of after) {
      const order = await asSystem(shop.folder, orders.orderById, { orderId });
      expect(order).toMatchObject({ couponCode: "TENTH" });
    }
    const { violations } = await asSystem(shop.folder, orders.reconcile, {});
    expect(violations).toEqual([]);
  }, 60_000);
});
