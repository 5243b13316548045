import type { PreparedRequest } from "../load/connection.ts";
import type { RawDatabase } from "../raw-group-commit.ts";

interface Catalogue {
  readonly products: readonly {
    readonly title: string;
    readonly variants: readonly {
      readonly sku: string;
      readonly price: { readonly amount: number };
      readonly weightGrams: number;
    }[];
  }[];
}

const STOCK = 1_000_000;

/** Fills the shelves from the demo catalogue. */
export function fillShelves(
  products: RawDatabase,
  inventory: RawDatabase,
  catalogue: Catalogue,
): void {
  const variant = products.sqlite.prepare("INSERT INTO variant VALUES (?, ?, ?, ?, ?)");
  const level = inventory.sqlite.prepare("INSERT INTO level VALUES (?, ?, 0, 0)");
  products.sqlite.exec("BEGIN");
  inventory.sqlite.exec("BEGIN");
  for (const product of catalogue.products) {
    for (const { sku, price, weightGrams } of product.variants) {
      variant.run(`var_${sku}`, product.title, sku, price.amount, weightGrams);
      level.run(`var_${sku}`, STOCK);
    }
  }
  products.sqlite.exec("COMMIT");
  inventory.sqlite.exec("COMMIT");
}

const address = JSON.stringify({
  name: "Ada Example",
  line1: "1 Sample Street",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
});

/** Makes carts of one, two and three lines, and the requests that check them out. */
export function prepareCarts(
  orders: RawDatabase,
  products: RawDatabase,
  count: number,
): PreparedRequest[] {
  const variants = products.sqlite
    .prepare<[], { id: string; price: number }>("SELECT id, price FROM variant ORDER BY id")
    .all();
  const insert = orders.sqlite.prepare("INSERT INTO cart VALUES (?, 1, 'open', ?, ?, ?, ?)");
  orders.sqlite.exec("BEGIN");
  const requests = Array.from({ length: count }, (_, index) => {
    const cartId = `crt_${Bun.randomUUIDv7()}`;
    const lines: { variantId: string; quantity: number }[] = [];
    let total = 0;
    for (let line = 0; line <= index % 3; line++) {
      const variant = variants[(index * 7 + line * 13) % variants.length];
      if (variant === undefined) continue;
      lines.push({ variantId: variant.id, quantity: 1 });
      total += variant.price;
    }
    insert.run(cartId, `buyer-${index}@example.com`, address, JSON.stringify(lines), total);
    return checkoutRequest(cartId, total);
  });
  orders.sqlite.exec("COMMIT");
  return requests;
}

function checkoutRequest(cartId: string, amount: number): PreparedRequest {
  return {
    method: "POST",
    path: "/v1/checkouts",
    headers: { "x-cart-token": cartId, "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify({
      cartId,
      cartVersion: 1,
      expectedTotal: { amount, currency: "EUR" },
      paymentToken: "tok_ok",
    }),
  };
}
