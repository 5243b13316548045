import type { RawDatabase } from "../raw-group-commit.ts";
import { answersOf, outboxOf, type PlacedOrder } from "./units.ts";

/** What the checkout sends. */
export interface CheckoutBody {
  readonly cartId: string;
  readonly cartVersion: number;
  readonly expectedTotal: { readonly amount: number; readonly currency: string };
  readonly paymentToken: string;
}

interface Cart {
  readonly version: number;
  readonly state: string;
  readonly email: string;
  readonly address: string;
  readonly lines: string;
}

/** Orders' units: place, each step of the saga, the pivot. */
export function orderUnits(orders: RawDatabase, products: RawDatabase) {
  const emit = outboxOf(orders);
  const answers = answersOf(orders, "gateway", "startCheckout");
  const { quote, cartById, cartState, place, confirm, start, move } = statementsOf(
    orders,
    products,
  );

  function priced(cart: Cart) {
    const lines: { variantId: string; quantity: number }[] = JSON.parse(cart.lines);
    const snapshot = lines.map((line) => ({ ...line, ...quote.get(line.variantId) }));
    return { lines, snapshot };
  }

  return {
    place: (body: CheckoutBody, key: string) =>
      orders.run((): PlacedOrder => {
        const cart = cartById.get(body.cartId);
        if (cart?.state !== "open" || cart.version !== body.cartVersion || answers.known(key)) {
          throw new Error("cart_changed");
        }
        const { lines, snapshot } = priced(cart);
        const total = snapshot.reduce((sum, one) => sum + one.quantity * (one.price ?? 0), 0);
        if (total !== body.expectedTotal.amount) throw new Error("price_changed");
        const orderId = `ord_${Bun.randomUUIDv7()}`;
        const { email, address } = cart;
        const timeline = JSON.stringify([{ what: "placed", atMs: Date.now() }]);
        const frozen = JSON.stringify({ address, lines: snapshot });
        place.run(orderId, body.cartId, email, total, frozen, timeline, Date.now());
        cartState.run("locked", body.cartId);
        const order = { orderId, email, address, total, lines };
        start.run(orderId, JSON.stringify(order), Date.now());
        emit("orderPlaced", { orderId, total });
        answers.store(key, body, { orderId });
        return order;
      }),
    step: ({ orderId }: PlacedOrder, step: number) =>
      orders.run(() => {
        const state = step === 5 ? "completed" : "running";
        move.run(step, state, JSON.stringify({ step }), Date.now(), orderId);
      }),
    /** The pivot; returns the seq of its event. */
    confirm: (order: PlacedOrder, cartId: string) =>
      orders.run(() => {
        const { orderId } = order;
        const timeline = JSON.stringify([
          { what: "placed" },
          { what: "confirmed", atMs: Date.now() },
        ]);
        if (confirm.run(timeline, orderId).changes !== 1) throw new Error("not pending");
        cartState.run("ordered", cartId);
        move.run(4, "running", JSON.stringify({ step: 4 }), Date.now(), orderId);
        return emit("orderConfirmed", order);
      }),
  };
}

/** The statements of orders, prepared once. */
function statementsOf(orders: RawDatabase, products: RawDatabase) {
  const { sqlite } = orders;
  const quote = products.sqlite.prepare<[string], { title: string; sku: string; price: number }>(
    "SELECT title, sku, price FROM variant WHERE id = ?",
  );
  const cartById = sqlite.prepare<[string], Cart>(
    "SELECT version, state, email, address, lines FROM cart WHERE id = ?",
  );
  const cartState = sqlite.prepare("UPDATE cart SET state = ?, version = version + 1 WHERE id = ?");
  const place = sqlite.prepare(
    `INSERT INTO "order" (id, cart_id, status, email, total, snapshot, timeline, placed_at_ms)
     VALUES (?, ?, 'pending', ?, ?, ?, ?, ?)`,
  );
  const confirm = sqlite.prepare(
    `UPDATE "order" SET status = 'confirmed', timeline = ? WHERE id = ? AND status = 'pending'`,
  );
  const start = sqlite.prepare("INSERT INTO saga VALUES (?, 'running', 0, ?, '{}', ?)");
  const move = sqlite.prepare(
    "UPDATE saga SET step = ?, state = ?, done = ?, changed_at_ms = ? WHERE id = ?",
  );
  return { quote, cartById, cartState, place, confirm, start, move };
}
