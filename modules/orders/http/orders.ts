import { t } from "#runtime";
import { type Edge, Elysia, httpSchema, problem } from "#runtime/http";
import { orders } from "../contract.ts";
import { orderAccess, orderHeaders, orderQuery } from "./tokens.ts";

/** How long the answer to a cancellation or a refund waits for its end. */
const patienceMs = 3_000;

const { orderId } = orders.orderById.input.properties;
const { reason } = orders.cancelOrder.input.properties;
const { amount, reason: refundReason } = orders.refundOrder.input.properties;
const params = t.Object({ orderId });

/** Orders, for those who placed them. */
export function orderRoutes(edge: Edge) {
  return new Elysia({ name: "orders.orders" })
    .use(edge)
    .get(
      "/v1/orders",
      ({ call, query }) => {
        const { cursor, limit } = query;
        return call(orders.ordersOf, {
          ...(cursor === undefined ? {} : { cursor }),
          ...(limit === undefined ? {} : { limit }),
        });
      },
      {
        access: ["customer", "staff", "admin"],
        query: httpSchema.Object({
          cursor: t.Optional(t.String({ maxLength: 200 })),
          limit: httpSchema.Optional(
            httpSchema.Numeric({ minimum: 1, maximum: 100, multipleOf: 1 }),
          ),
        }),
        response: orders.ordersOf.output,
      },
    )
    .get(
      "/v1/orders/:orderId",
      ({ call, params, headers, query }) =>
        call(orders.orderById, orderAccess(params, headers, query)),
      {
        access: "public",
        params,
        headers: orderHeaders,
        query: orderQuery,
        response: orders.orderById.output,
      },
    )
    .post(
      "/v1/orders/:orderId/cancel",
      async ({ call, params, headers, body, requireKey }) => {
        const key = requireKey();
        const access = orderAccess(params, headers);
        await call(orders.cancelOrder, { ...access, ...body }, { key });
        // The stored answer says how it began; this one, however often it is asked, how it stands.
        const order = await call(orders.orderById, { ...access, waitMs: patienceMs });
        const { status } = order;
        if (status === "cancelling" || status === "cancelled") return order;
        throw problem(409, "not_cancellable", "A parcel of the order has left.", { status });
      },
      {
        access: "public",
        params,
        headers: orderHeaders,
        body: t.Optional(t.Object({ reason })),
        response: orders.orderById.output,
      },
    )
    .use(staffRoutes(edge));
}

/** What only staff may do. */
function staffRoutes(edge: Edge) {
  return new Elysia({ name: "orders.staff" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .post(
      "/v1/admin/orders/:orderId/refunds",
      async ({ call, params, body, requireKey, ownKey }) => {
        const key = requireKey();
        const refundId = refundIdOf(params.orderId, ownKey(key));
        await call(orders.refundOrder, { ...params, ...body, refundId }, { key });
        return await call(orders.refundById, { refundId, waitMs: patienceMs });
      },
      {
        params,
        body: t.Object({ amount, reason: refundReason }),
        response: orders.refundById.output,
      },
    )
    .post(
      "/v1/admin/coupons",
      ({ call, body, set }) => {
        set.status = 201;
        return call(orders.createCoupon, body);
      },
      { body: orders.createCoupon.input, response: { 201: orders.createCoupon.output } },
    )
    .post("/v1/admin/reconciliation/run", ({ call, body }) => call(orders.reconcile, body), {
      body: orders.reconcile.input,
      response: orders.reconcile.output,
    });
}

/** The same key asks for the same refund, also after the stored answer is gone. */
function refundIdOf(orderId: string, key: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(`${orderId} ${key}`).digest("hex");
  return `ref_${hash.slice(0, 32)}`;
}
