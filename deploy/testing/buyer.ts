import { client } from "../../modules/client.ts";

type Client = ReturnType<typeof client>;

/** Where the buyers of the tests live. */
export const address = {
  name: "A Buyer",
  line1: "Street 1",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
};

/** What Eden answers: the data, or the problem. */
type Answer<T> = { data: T | null; error: { status: unknown; value: unknown } | null };

/** The data of an answer; throws the problem when there is none. */
export function given<T>({ data, error }: Answer<T>): NonNullable<T> {
  if (error !== null || data === null || data === undefined) {
    throw new Error(
      `The shop refused: ${JSON.stringify(error?.status)} ${JSON.stringify(error?.value)}`,
    );
  }
  return data;
}

/** A cart that is ready for checkout. */
export interface FullCart {
  readonly cartId: string;
  readonly cartToken: string;
  readonly version: number;
  readonly total: { amount: number; currency: string };
}

/** Fills a cart through the client, up to the moment of payment. */
export async function fillCart(
  shop: Client,
  options: {
    readonly variantId: string;
    readonly quantity?: number;
    readonly email?: string;
    readonly coupon?: string;
  },
): Promise<FullCart> {
  const { cartId, cartToken } = given(await shop.orders.v1.carts.post());
  const cart = shop.orders.v1.carts({ cartId });
  const headers = { "x-cart-token": cartToken };
  const { variantId, quantity = 1, email = "buyer@example.com", coupon } = options;
  given(await cart.items.post({ variantId, quantity }, { headers }));
  given(await cart.contact.put({ email }, { headers }));
  given(await cart.addresses.put({ shipping: address }, { headers }));
  const [option] = given(await cart["shipping-options"].get({ headers }));
  if (option === undefined) throw new Error("Nothing is shipped to the buyer's address.");
  let last = given(await cart["shipping-option"].put({ optionId: option.optionId }, { headers }));
  if (coupon !== undefined) last = given(await cart.coupon.put({ code: coupon }, { headers }));
  return { cartId, cartToken, version: last.version, total: last.totals.total };
}

/** Places the order of a cart with a card token. Answers whatever the shop answers. */
export function checkOut(
  url: string,
  cart: FullCart,
  { token, key }: { readonly token: string; readonly key: string },
) {
  const headers = { "x-cart-token": cart.cartToken, "idempotency-key": key };
  return client(url, () => headers).orders.v1.checkouts.post({
    cartId: cart.cartId,
    cartVersion: cart.version,
    expectedTotal: cart.total,
    paymentToken: token,
  });
}
