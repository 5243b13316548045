import catalogue from "../../../modules/products/seed/catalogue.json";
import { type Api, overConnections } from "./api.ts";
import type { PreparedRequest } from "./connection.ts";

const CLIENTS = 16;
const address = {
  name: "Ada Example",
  line1: "1 Sample Street",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
};

interface Cart {
  readonly version: number;
  readonly totals: { readonly total: { readonly amount: number; readonly currency: string } };
}

/** Hands out variants of the demo shop, each as often as its stock allows. */
export class Shelves {
  readonly #left: { readonly variantId: string; units: number }[];
  #next = 0;

  constructor(variants: readonly { readonly variantId: string; readonly stock: number }[]) {
    this.#left = variants.map(({ variantId, stock }) => ({ variantId, units: stock }));
  }

  /** The next variant in turn that has a unit left. */
  take(): string {
    for (let tries = 0; tries < this.#left.length; tries++) {
      const shelf = this.#left[this.#next++ % this.#left.length];
      if (shelf === undefined || shelf.units === 0) continue;
      shelf.units--;
      return shelf.variantId;
    }
    throw new Error("The demo shop's shelves are empty: ask for fewer orders.");
  }
}

/** Finds `productsMax` products of the demo catalogue by their slugs, for their variants' ids. */
export async function shelvesOf(origin: string, productsMax: number): Promise<Shelves> {
  const chosen = catalogue.products.slice(0, productsMax);
  const stockOf = new Map(
    chosen.flatMap(({ variants }) => variants.map(({ sku, stock }) => [sku, stock])),
  );
  const found = await overConnections(
    origin,
    { count: chosen.length, clients: CLIENTS },
    (api, index) =>
      api.ask<{ variants: { variantId: string; sku: string }[] }>(
        "GET",
        `/v1/products/${chosen[index]?.slug}`,
      ),
  );
  return new Shelves(
    found.flatMap(({ variants }) =>
      variants.map(({ variantId, sku }) => ({ variantId, stock: stockOf.get(sku) ?? 0 })),
    ),
  );
}

/** Fills carts through the API, as customers do, and returns the requests that check them out. */
export function prepareCheckouts(
  origin: string,
  shelves: Shelves,
  { count, linesMax }: { readonly count: number; readonly linesMax: number },
): Promise<PreparedRequest[]> {
  return overConnections(origin, { count, clients: CLIENTS }, (api, index) => {
    const variantIds = Array.from({ length: 1 + (index % linesMax) }, () => shelves.take());
    return prepareCheckout(api, new Set(variantIds), `buyer-${index}@example.com`);
  });
}

async function prepareCheckout(
  api: Api,
  variantIds: ReadonlySet<string>,
  email: string,
): Promise<PreparedRequest> {
  const opened = await api.ask<{ cartId: string; cartToken: string }>("POST", "/v1/carts");
  const { cartId } = opened;
  const headers = { "x-cart-token": opened.cartToken };
  const cartPath = `/v1/carts/${cartId}`;
  for (const variantId of variantIds) {
    await api.ask("POST", `${cartPath}/items`, { headers, body: { variantId, quantity: 1 } });
  }
  await api.ask("PUT", `${cartPath}/contact`, { headers, body: { email } });
  await api.ask("PUT", `${cartPath}/addresses`, { headers, body: { shipping: address } });
  const [option] = await api.ask<{ optionId: string }[]>("GET", `${cartPath}/shipping-options`, {
    headers,
  });
  const body = { optionId: option?.optionId };
  const cart = await api.ask<Cart>("PUT", `${cartPath}/shipping-option`, { headers, body });
  return {
    method: "POST",
    path: "/v1/checkouts",
    headers: { ...headers, "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify({
      cartId,
      cartVersion: cart.version,
      expectedTotal: cart.totals.total,
      paymentToken: "tok_ok",
    }),
  };
}
