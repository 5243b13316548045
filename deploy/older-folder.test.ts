import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../runtime/testing/eventually.ts";
import { given } from "./testing/buyer.ts";
import type { Begun, Placed } from "./testing/make-older-folder.ts";
import { type Authorization, signedIn } from "./testing/people.ts";
import { type SpawnedShop, spawnShop, temporaryFolder } from "./testing/spawned-shop.ts";

const archive = join(import.meta.dir, "testing/older-folder.tar.gz");
const clock = join(import.meta.dir, "testing/shifted-clock.ts");
/** How long after everything was killed the folder is opened again. */
const LATER_MS = 60_000;
const patient = { withinMs: 60_000, despiteErrors: true };

describe.each(["monolith", "split"])(
  "a data folder that an earlier version left when it was killed, opened as %s,",
  (topology) => {
    const folder = temporaryFolder();
    let begun: Begun;
    let shop: SpawnedShop;
    let staff: Authorization;

    beforeAll(async () => {
      Bun.spawnSync(["tar", "-xzf", archive, "-C", folder]);
      begun = JSON.parse(readFileSync(`${folder}/begun.json`, "utf8"));
      const shiftMs = begun.killedAtMs + LATER_MS - Date.now();
      shop = await spawnShop({
        folder,
        arguments: ["--no-demo", "--topology", topology],
        environment: { BUN_OPTIONS: `--preload ${clock}`, CLOCK_SHIFT_MS: String(shiftMs) },
      });
      staff = await signedIn(shop, { email: "admin@example.com", password: begun.password });
    }, 60_000);
    afterAll(async () => {
      await shop?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    const asStaff = () => shop.client({ ...staff });
    const orderOf = async ({ orderId }: Placed) =>
      given(await asStaff().orders.v1.orders({ orderId }).get());
    const becomes = (order: Placed, wanted: string) =>
      eventually(
        () => orderOf(order),
        ({ status }) => status === wanted,
        patient,
      );

    /** Sends the checkout once more, as its customer did. */
    function askAgain({ cartId, cartToken, body }: Placed) {
      const headers = { "x-cart-token": cartToken, "idempotency-key": cartId };
      return shop.client(headers).orders.v1.checkouts.post(JSON.parse(JSON.stringify(body)));
    }

    test.each(["waiting for a provider", "without an answer of the provider"] as const)(
      "confirms the order %s, which the same request finds",
      async (which) => {
        const order = begun.orders[which];
        const answer = await eventually(
          () => askAgain(order),
          ({ data }) => data?.state === "confirmed",
          patient,
        );
        expect(answer.data).toMatchObject({ orderId: order.orderId, state: "confirmed" });
      },
    );

    test("goes on with a customer who is before the page of their bank", async () => {
      const order = begun.orders["waiting for a customer"];
      const pending = given(await askAgain(order));
      expect(pending).toMatchObject({ orderId: order.orderId, state: "action_required" });
      const { pathname } = new URL(pending.actionUrl ?? "", shop.url);
      const paid = await fetch(`${shop.url}${pathname}?result=ok`, { method: "POST" });
      expect(paid.status).toBe(200);
      expect(await becomes(order, "confirmed")).toMatchObject({ status: "confirmed" });
    });

    test("ends the cancellation, the dispatch and the refund that were under way", async () => {
      const { orders } = begun;
      await becomes(orders["being cancelled"], "cancelled");
      const { orderId } = orders["being dispatched"];
      const shipments = () => asStaff().shipping.v1.admin.orders({ orderId }).shipments.get();
      await eventually(
        async () => given(await shipments()),
        ([only]) => only?.state === "shipped",
        patient,
      );
      const refunded = await eventually(
        () => orderOf(orders["being refunded"]),
        ({ refunded }) => refunded.amount > 0,
        patient,
      );
      expect(refunded.refunded).toEqual({ amount: 500, currency: "EUR" });
    });

    test("still has the dead letter", async () => {
      const letters = await fetch(`${shop.url}/v1/admin/dead-letters`, { headers: { ...staff } });
      const text = JSON.stringify(await letters.json());
      expect(text).toContain("orders.orderConfirmed");
      expect(text).toContain("does not fit its contract: /orderId");
    });

    test("sends and completes an order that was confirmed", async () => {
      const order = begun.orders["ready to pack"];
      const { orderId } = order;
      const [only] = given(await asStaff().shipping.v1.admin.orders({ orderId }).shipments.get());
      const shipment = asStaff().shipping.v1.admin.shipments({ id: only?.shipmentId ?? "" });
      given(await shipment.pack.post());
      given(await shipment.ship.post({ carrier: "Post", trackingNumber: "T-2" }));
      given(await shipment.deliver.post());
      expect(await becomes(order, "completed")).toMatchObject({ status: "completed" });
    });

    test("has right books when all of that is done", async () => {
      const reconcile = () => asStaff().orders.v1.admin.reconciliation.run.post({});
      const books = await eventually(
        async () => given(await reconcile()),
        ({ violations }) => violations.length === 0,
        patient,
      );
      expect(books).toEqual({ checkedOrders: 7, violations: [] });
      const { variantId, units } = begun;
      const { levels } = given(await asStaff().inventory.v1.admin.inventory({ variantId }).get());
      // Sent: the refunded one, the dispatched one and the one that was ready. Promised: the
      // three that are confirmed. The cancelled one is back.
      expect(levels[0]).toMatchObject({ onHand: units - 3, held: 0, committed: 3 });
    });
  },
);
