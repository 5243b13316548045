import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { checkOut, type FullCart, fillCart } from "./testing/buyer.ts";
import { asSystem, stockLittleShop } from "./testing/little-shop.ts";
import { type SpawnedShop, spawnShop, temporaryFolder } from "./testing/spawned-shop.ts";

const UNITS = 10;
const noDemo = ["--no-demo"];

/** How each card's checkout must end, however it was interrupted. */
const endings = { tok_ok: "confirmed", tok_decline: "rejected", tok_timeout_after: "confirmed" };
type Token = keyof typeof endings;

/** A shop with one full cart in it, at rest in a folder that each run gets a copy of. */
const template = temporaryFolder();
const { cart, variantId } = await prepare();
afterAll(() => rmSync(template, { recursive: true, force: true }));

async function prepare(): Promise<{ cart: FullCart; variantId: string }> {
  await using shop = await spawnShop({ folder: template, arguments: noDemo });
  const { variantId } = await stockLittleShop(shop, { units: UNITS });
  const cart = await fillCart(shop.client(), { variantId, quantity: 2, coupon: "TENTH" });
  expect(await shop.stop()).toBe(0);
  return { cart, variantId };
}

async function copied<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder();
  cpSync(template, folder, { recursive: true });
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every point that a checkout passes, each as often as it passes it: `commit.after:orders#2`. */
async function pointsOf(token: Token): Promise<string[]> {
  return await copied(async (folder) => {
    const trace = `${folder}/points`;
    const environment = { CLEAVE_FAILPOINT_TRACE: trace };
    await using shop = await spawnShop({ folder, arguments: noDemo, environment });
    if (existsSync(trace)) rmSync(trace);
    await checkOut(shop.url, cart, { token, key: "walk" });
    await shop.stop();
    const times = new Map<string, number>();
    return readFileSync(trace, "utf8")
      .trim()
      .split("\n")
      .map((point) => {
        const nth = (times.get(point) ?? 0) + 1;
        times.set(point, nth);
        return `${point}#${nth}`;
      });
  });
}

/** Asks for the checkout with the same key until it has ended. */
async function outcome(shop: SpawnedShop, token: Token) {
  for (let tries = 0; tries < 20; tries++) {
    const { data, error } = await checkOut(shop.url, cart, { token, key: "walk" });
    const checkout = data ?? error?.value;
    if (checkout !== null && typeof checkout === "object" && "state" in checkout) {
      const { state, orderId } = checkout;
      if (state === "confirmed" || state === "rejected") return { state, orderId };
    }
  }
  throw new Error("The checkout did not end.");
}

/** What must hold of stock, money and coupon at the end. */
async function balance(folder: string, orderId: string) {
  const { levels } = await asSystem(folder, inventory.stockOf, { variantId });
  const payment = await asSystem(folder, payments.paymentOfOrder, { orderId });
  const { violations } = await asSystem(folder, orders.reconcile, {});
  const level = levels[0];
  return {
    stock: { onHand: level?.onHand, held: level?.held, committed: level?.committed },
    authorised: payment?.authorised.amount ?? 0,
    violations,
  };
}

const balances = {
  confirmed: {
    stock: { onHand: UNITS, held: 0, committed: 2 },
    authorised: cart.total.amount,
    violations: [],
  },
  rejected: { stock: { onHand: UNITS, held: 0, committed: 0 }, authorised: 0, violations: [] },
};

describe.each(Object.keys(endings) as Token[])("a checkout with %s, killed", (token) => {
  test("at any point ends as it would have, with stock, money and coupon whole", async () => {
    const points = await pointsOf(token);
    expect(points.length).toBeGreaterThan(15);
    const wrong: unknown[] = [];
    for (const point of points) {
      await copied(async (folder) => {
        const died = await killedAt(folder, point, token);
        await using shop = await spawnShop({ folder, arguments: noDemo });
        const { state, orderId } = await outcome(shop, token);
        await shop.stop();
        await using rested = await spawnShop({ folder, arguments: noDemo });
        const found = { died, state, ...(await balance(rested.folder, orderId)) };
        const wanted = { died: true, state: endings[token], ...balances[endings[token]] };
        if (!Bun.deepEquals(found, wanted)) wrong.push({ point, found });
      });
    }
    expect(wrong).toEqual([]);
  }, 600_000);
});

/** Runs the checkout in a process that kills itself at the point; tells whether it did. */
async function killedAt(folder: string, point: string, token: Token): Promise<boolean> {
  const environment = { CLEAVE_FAILPOINT: point };
  await using shop = await spawnShop({ folder, arguments: noDemo, environment });
  await checkOut(shop.url, cart, { token, key: "walk" }).catch(() => undefined);
  return (await Promise.race([shop.exited, shop.stop()])) !== 0;
}
