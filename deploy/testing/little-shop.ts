import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { products } from "#modules/products";
import type { InputOf, OutputOf } from "#runtime";
import type { proceduresOf } from "../../runtime/contract/contract.ts";
import { askRunning } from "../../runtime/host/control.ts";
import type { SpawnedShop } from "./spawned-shop.ts";

type Procedure = ReturnType<typeof proceduresOf>[number];

/** Calls a procedure in a running shop as the system, through its control socket. */
export async function asSystem<P extends Procedure>(
  folder: string,
  procedure: P,
  input: InputOf<P>,
): Promise<OutputOf<P>> {
  const { module, name } = procedure;
  const reply = await askRunning(folder, { module, procedure: name, input });
  if (reply === undefined) throw new Error(`No shop runs over ${folder}.`);
  return reply.output;
}

/** One product with stock, and a coupon that can be used `usesMax` times. */
export async function stockLittleShop(
  { folder }: SpawnedShop,
  { units, usesMax = 1 }: { readonly units: number; readonly usesMax?: number },
): Promise<{ variantId: string }> {
  const { variants } = await asSystem(folder, products.importCatalogue, {
    categories: [{ slug: "tea", title: "Tea", parent: null }],
    products: [
      {
        slug: "green-tea",
        title: "Green tea",
        description: "Tea leaves that have been steamed and dried without fermenting.",
        synonyms: [],
        category: "tea",
        variants: [
          {
            sku: "TEA-1",
            options: { weight: "100 g" },
            price: { amount: 1_299, currency: "EUR" },
            weightGrams: 120,
            taxClass: "reduced",
            requiresShipping: true,
          },
        ],
      },
    ],
  });
  const variantId = variants[0]?.variantId ?? "";
  await asSystem(folder, inventory.stockUp, { lines: [{ variantId, quantity: units }] });
  await asSystem(folder, orders.createCoupon, {
    code: "TENTH",
    kind: "percent",
    value: 1_000,
    usesMax,
  });
  return { variantId };
}
