import type { RawDatabase } from "../raw-group-commit.ts";

/** The databases of the pipeline, by name. */
export type Databases = Readonly<
  Record<"products" | "inventory" | "orders" | "payments", RawDatabase>
> &
  Readonly<Record<"shipping" | "notifications", RawDatabase>>;

/** An order on its way through the pipeline. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly email: string;
  readonly address: string;
  readonly total: number;
  readonly lines: readonly { readonly variantId: string; readonly quantity: number }[];
}

/** A row of the outbox. */
export function outboxOf({ sqlite }: RawDatabase): (event: string, payload: unknown) => number {
  const insert = sqlite.prepare(
    "INSERT INTO outbox (event, payload, trace_id, occurred_at_ms) VALUES (?, ?, ?, ?)",
  );
  return (event, payload) => {
    const traceId = crypto.randomUUID();
    return Number(insert.run(event, JSON.stringify(payload), traceId, Date.now()).lastInsertRowid);
  };
}

/** Tells whether a keyed command was answered before; if not, stores its answer. */
export function answersOf({ sqlite }: RawDatabase, caller: string, procedure: string) {
  const find = sqlite.prepare(
    "SELECT answer FROM answer WHERE caller = ? AND key = ? AND procedure = ?",
  );
  const insert = sqlite.prepare("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)");
  return {
    known: (key: string) => find.get(caller, key, procedure) !== undefined,
    store(key: string, input: unknown, answer: unknown) {
      const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(input)).digest("base64");
      insert.run(caller, key, procedure, hash, JSON.stringify(answer), Date.now());
    },
  };
}

const HOLD_MS = 15 * 60_000;

/** Inventory's two units: hold and commit. */
export function inventoryUnits(inventory: RawDatabase) {
  const { sqlite } = inventory;
  const emit = outboxOf(inventory);
  const held = answersOf(inventory, "orders", "holdStock");
  const committed = answersOf(inventory, "orders", "commitStock");
  const hold = sqlite.prepare("UPDATE level SET held = held + ? WHERE variant_id = ?");
  const reserve = sqlite.prepare("INSERT INTO reservation VALUES (?, 'held', ?)");
  const reserveLine = sqlite.prepare("INSERT INTO reservation_line VALUES (?, ?, ?)");
  const plan = sqlite.prepare("INSERT INTO job VALUES ('expireHold', ?, ?, ?)");
  const unplan = sqlite.prepare("DELETE FROM job WHERE command = 'expireHold' AND key = ?");
  const state = sqlite.prepare("UPDATE reservation SET state = 'committed' WHERE order_id = ?");
  const lines = sqlite.prepare<[string], { variant_id: string; quantity: number }>(
    "SELECT variant_id, quantity FROM reservation_line WHERE order_id = ?",
  );
  const commit = sqlite.prepare(
    "UPDATE level SET held = held - ?, committed = committed + ? WHERE variant_id = ?",
  );
  return {
    hold: (order: PlacedOrder) =>
      inventory.run(() => {
        const { orderId } = order;
        if (held.known(orderId)) return;
        const untilMs = Date.now() + HOLD_MS;
        reserve.run(orderId, untilMs);
        for (const { variantId, quantity } of order.lines) {
          hold.run(quantity, variantId);
          reserveLine.run(orderId, variantId, quantity);
        }
        plan.run(orderId, JSON.stringify({ orderId }), untilMs);
        emit("stockHeld", { orderId, untilMs });
        held.store(orderId, { orderId, lines: order.lines }, { untilMs });
      }),
    commit: ({ orderId }: PlacedOrder) =>
      inventory.run(() => {
        if (committed.known(orderId)) return;
        for (const line of lines.all(orderId)) {
          commit.run(line.quantity, line.quantity, line.variant_id);
        }
        state.run(orderId);
        unplan.run(orderId);
        emit("stockCommitted", { orderId });
        committed.store(orderId, { orderId }, { orderId });
      }),
  };
}

/** Payments' two units: the intent before the provider is asked, and what it said. */
export function paymentUnits(payments: RawDatabase) {
  const { sqlite } = payments;
  const emit = outboxOf(payments);
  const answers = answersOf(payments, "orders", "authorise");
  const pay = sqlite.prepare("INSERT INTO payment VALUES (?, ?, 'authorising', ?)");
  const operate = sqlite.prepare("INSERT INTO operation VALUES (?, ?, 'authorise', ?, 'sent')");
  const succeeded = sqlite.prepare("UPDATE operation SET state = 'succeeded' WHERE id = ?");
  const authorised = sqlite.prepare("UPDATE payment SET state = 'authorised' WHERE id = ?");
  const enter = sqlite.prepare(
    `INSERT INTO entry (payment_id, kind, amount, provider_ref, at_ms)
     VALUES (?, 'authorised', ?, ?, ?)`,
  );
  return {
    intend: ({ orderId, total }: PlacedOrder) =>
      payments.run(() => {
        if (answers.known(orderId)) return;
        pay.run(`pay_${orderId}`, orderId, total);
        operate.run(`op_${orderId}`, `pay_${orderId}`, total);
      }),
    record: ({ orderId, total }: PlacedOrder) =>
      payments.run(() => {
        const paymentId = `pay_${orderId}`;
        succeeded.run(`op_${orderId}`);
        enter.run(paymentId, total, `ref_${orderId}`, Date.now());
        authorised.run(paymentId);
        emit("paymentAuthorised", { orderId, paymentId, amount: total });
        answers.store(orderId, { orderId, total }, { paymentId, state: "authorised" });
      }),
  };
}

/** Shipping's unit: a fulfilment with its one shipment. */
export function shippingUnits(shipping: RawDatabase) {
  const { sqlite } = shipping;
  const emit = outboxOf(shipping);
  const answers = answersOf(shipping, "orders", "openFulfilment");
  const fulfil = sqlite.prepare("INSERT INTO fulfilment VALUES (?, 'standard', ?)");
  const ship = sqlite.prepare("INSERT INTO shipment VALUES (?, ?, 'pending', ?)");
  return {
    open: ({ orderId, address, lines }: PlacedOrder) =>
      shipping.run(() => {
        if (answers.known(orderId)) return;
        const shipmentId = `shp_${orderId}`;
        fulfil.run(orderId, address);
        ship.run(shipmentId, orderId, JSON.stringify(lines));
        emit("shipmentCreated", { orderId, shipmentId });
        answers.store(orderId, { orderId, address, lines }, { shipmentId });
      }),
  };
}

/** Notifications' two units: taking in the event with the mail to send, and having sent it. */
export function mailUnits(notifications: RawDatabase) {
  const { sqlite } = notifications;
  const emit = outboxOf(notifications);
  const move = sqlite.prepare(
    `INSERT INTO inbox VALUES ('orders', ?)
     ON CONFLICT (producer) DO UPDATE SET position = max(position, excluded.position)`,
  );
  const queue = sqlite.prepare("INSERT INTO mail VALUES (?, ?, ?, ?, ?, 'queued', ?)");
  const plan = sqlite.prepare("INSERT INTO job VALUES ('deliverMail', ?, ?, ?)");
  const unplan = sqlite.prepare("DELETE FROM job WHERE command = 'deliverMail' AND key = ?");
  const sent = sqlite.prepare("UPDATE mail SET state = 'sent' WHERE id = ?");
  return {
    queue: ({ orderId, email, total }: PlacedOrder, seq: number) =>
      notifications.run(() => {
        const id = `ntf_${orderId}`;
        const body = `Thank you for your order ${orderId} of ${total}.`;
        queue.run(id, "order-confirmed", email, "Your order is confirmed", body, Date.now());
        plan.run(id, JSON.stringify({ id }), Date.now());
        move.run(seq);
      }),
    sent: ({ orderId }: PlacedOrder) =>
      notifications.run(() => {
        const id = `ntf_${orderId}`;
        sent.run(id);
        unplan.run(id);
        emit("mailSent", { id });
      }),
  };
}
