import { t } from "#runtime";
import { type Edge, Elysia, problem } from "#runtime/http";
import { orders } from "../contract.ts";
import { cartAccess, cartHeaders, checkoutAccess } from "./tokens.ts";

/** How long the answer to a checkout waits for its end. */
const patienceMs = 3_000;

const Checkout = orders.checkoutById.output;
const { checkoutId } = orders.checkoutById.input.properties;
const { cartToken, ...placed } = orders.startCheckout.input.properties;
const params = t.Object({ checkoutId });

/** Checkouts: from a cart to an order. */
export function checkoutRoutes(edge: Edge) {
  return new Elysia({ name: "orders.checkouts" })
    .use(edge)
    .guard({ access: "public" })
    .post(
      "/v1/checkouts",
      async ({ call, headers, body, requireKey, status }) => {
        const key = requireKey();
        const access = cartAccess(body, headers);
        const started = await call(orders.startCheckout, { ...body, ...access }, { key });
        const checkout = await call(orders.checkoutById, {
          ...checkoutAccess(started, headers),
          waitMs: patienceMs,
        });
        if (checkout.state === "confirmed") return status(201, checkout);
        if (checkout.state !== "rejected") return status(202, checkout);
        const code = checkout.reason ?? "rejected";
        throw problem(422, code, `The checkout was rejected: ${code}.`, checkout);
      },
      {
        headers: cartHeaders,
        body: t.Object(placed),
        response: { 201: Checkout, 202: Checkout },
      },
    )
    .get(
      "/v1/checkouts/:checkoutId",
      ({ call, params, headers }) => call(orders.checkoutById, checkoutAccess(params, headers)),
      { params, headers: cartHeaders, response: Checkout },
    )
    .post(
      "/v1/checkouts/:checkoutId/abandon",
      ({ call, params, headers }) => call(orders.abandonCheckout, checkoutAccess(params, headers)),
      { params, headers: cartHeaders, response: orders.abandonCheckout.output },
    );
}
