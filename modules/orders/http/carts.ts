import { t } from "#runtime";
import { type Edge, Elysia } from "#runtime/http";
import { orders } from "../contract.ts";
import { cartAccess, cartHeaders } from "./tokens.ts";

const { cartId } = orders.cartById.input.properties;
const { itemId, quantity } = orders.changeItem.input.properties;
const { variantId } = orders.addItem.input.properties;
const params = t.Object({ cartId });
const cart = { params, headers: cartHeaders, response: orders.cartById.output };
const item = { ...cart, params: t.Object({ cartId, itemId }) };

/** Carts: every edit answers with the whole cart, priced anew. */
export function cartRoutes(edge: Edge) {
  return new Elysia({ name: "orders.carts" })
    .use(edge)
    .guard({ access: "public" })
    .post(
      "/v1/carts",
      // Without a key: a guest is known by a network address only, which may be that of a whole
      // house or of a proxy, and a neighbour with the same key would get the token of this cart.
      ({ call, set }) => {
        set.status = 201;
        return call(orders.createCart, {});
      },
      { response: { 201: orders.createCart.output } },
    )
    .get(
      "/v1/carts/:cartId",
      ({ call, params, headers }) => call(orders.cartById, cartAccess(params, headers)),
      cart,
    )
    .post(
      "/v1/carts/:cartId/items",
      ({ call, params, headers, body, idempotencyKey: key }) =>
        call(
          orders.addItem,
          { ...cartAccess(params, headers), ...body },
          key === undefined ? {} : { key },
        ),
      { ...cart, body: t.Object({ variantId, quantity }) },
    )
    .patch(
      "/v1/carts/:cartId/items/:itemId",
      ({ call, params, headers, body }) =>
        call(orders.changeItem, {
          ...cartAccess(params, headers),
          itemId: params.itemId,
          quantity: body.quantity,
        }),
      { ...item, body: t.Object({ quantity }) },
    )
    .delete(
      "/v1/carts/:cartId/items/:itemId",
      ({ call, params, headers }) =>
        call(orders.removeItem, { ...cartAccess(params, headers), itemId: params.itemId }),
      item,
    )
    .use(cartDetails(edge));
}

/** What a cart needs beside its lines. */
function cartDetails(edge: Edge) {
  const { email } = orders.setContact.input.properties;
  const { address } = orders.setAddress.input.properties;
  const { optionId } = orders.chooseShipping.input.properties;
  const { code } = orders.applyCoupon.input.properties;
  return new Elysia({ name: "orders.cart-details" })
    .use(edge)
    .guard({ access: "public" })
    .put(
      "/v1/carts/:cartId/contact",
      ({ call, params, headers, body }) =>
        call(orders.setContact, { ...cartAccess(params, headers), email: body.email }),
      { ...cart, body: t.Object({ email }) },
    )
    .put(
      "/v1/carts/:cartId/addresses",
      ({ call, params, headers, body }) =>
        call(orders.setAddress, { ...cartAccess(params, headers), address: body.shipping }),
      { ...cart, body: t.Object({ shipping: address }) },
    )
    .get(
      "/v1/carts/:cartId/shipping-options",
      ({ call, params, headers }) => call(orders.shippingOptions, cartAccess(params, headers)),
      { ...cart, response: orders.shippingOptions.output },
    )
    .put(
      "/v1/carts/:cartId/shipping-option",
      ({ call, params, headers, body }) =>
        call(orders.chooseShipping, { ...cartAccess(params, headers), optionId: body.optionId }),
      { ...cart, body: t.Object({ optionId }) },
    )
    .put(
      "/v1/carts/:cartId/coupon",
      ({ call, params, headers, body }) =>
        call(orders.applyCoupon, { ...cartAccess(params, headers), code: body.code }),
      { ...cart, body: t.Object({ code }) },
    )
    .delete(
      "/v1/carts/:cartId/coupon",
      ({ call, params, headers }) => call(orders.removeCoupon, cartAccess(params, headers)),
      cart,
    );
}
