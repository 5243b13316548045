import { shipping } from "#modules/shipping";
import { t } from "#runtime";
import { type Edge, Elysia, problem } from "#runtime/http";

/** How long a request to ship waits for the money, in milliseconds. */
const SHIP_WAIT_MS = 3_000;

const Parcel = t.Object({ id: shipping.packShipment.input.properties.shipmentId });
const Order = t.Object({ orderId: shipping.createShipment.input.properties.orderId });
const { carrier, trackingNumber } = shipping.shipShipment.input.properties;

/** Shipments, for staff. */
export function http(edge: Edge) {
  return new Elysia({ name: "shipping" }).use(ofOrders(edge)).use(ofParcels(edge));
}

/** The shipments of one order. */
function ofOrders(edge: Edge) {
  return new Elysia({ name: "shipping-orders" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .get(
      "/v1/admin/orders/:orderId/shipments",
      ({ call, params }) => call(shipping.shipmentsOf, params),
      { params: Order },
    )
    .post(
      "/v1/admin/orders/:orderId/shipments",
      async ({ call, params, body, requireKey, ownKey }) => {
        const key = requireKey();
        const input = { ...params, ...body, ref: ownKey(key) };
        const { shipmentId } = await call(shipping.createShipment, input, { key });
        // The stored answer says how it began; this one, however often it is asked, how it stands.
        return await call(shipping.shipmentById, { shipmentId });
      },
      {
        params: Order,
        body: t.Pick(shipping.createShipment.input, ["lines"]),
      },
    );
}

/** One shipment, on its way. */
function ofParcels(edge: Edge) {
  return new Elysia({ name: "shipping-parcels" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .get(
      "/v1/admin/shipments/:id",
      ({ call, params }) => call(shipping.shipmentById, { shipmentId: params.id }),
      { params: Parcel },
    )
    .post(
      "/v1/admin/shipments/:id/pack",
      ({ call, params }) => call(shipping.packShipment, { shipmentId: params.id }),
      { params: Parcel },
    )
    .post(
      "/v1/admin/shipments/:id/ship",
      async ({ call, params, body, status }) => {
        const shipmentId = params.id;
        await call(shipping.shipShipment, { shipmentId, ...body });
        const now = await call(shipping.shipmentById, { shipmentId, waitMs: SHIP_WAIT_MS });
        if (now.state === "ship_requested") return status(202, now);
        if (now.failure === null) return status(200, now);
        throw problem(409, "dispatch_failed", "It is packed again: the dispatch failed.", {
          reason: now.failure,
        });
      },
      {
        params: Parcel,
        body: t.Object({ carrier, trackingNumber }),
      },
    )
    .post(
      "/v1/admin/shipments/:id/deliver",
      ({ call, params }) => call(shipping.deliverShipment, { shipmentId: params.id }),
      { params: Parcel },
    )
    .post(
      "/v1/admin/shipments/:id/cancel",
      ({ call, params }) => call(shipping.cancelShipment, { shipmentId: params.id }),
      { params: Parcel },
    );
}

/** The type of shipping's routes, for its client. */
export type ShippingHttp = ReturnType<typeof http>;
