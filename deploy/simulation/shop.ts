import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import type { payments } from "#modules/payments";
import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import type { Call, OutputOf } from "#runtime";
import type { Client, Workload } from "../../runtime/simulation/scenario.ts";

const STOCK = 20;
const SKUS = ["GREEN", "BLACK", "WHITE"] as const;
/** How buyers pay: most with a card that works. */
const CARDS = [
  ...["tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_slow", "tok_decline"],
  ...["tok_timeout_before", "tok_timeout_after", "tok_capture_fails", "tok_3ds"],
] as const;
/** How long a buyer looks at a checkout before they give up asking. */
const LOOKS_MAX = 400;

type Shop = Call<
  typeof inventory | typeof orders | typeof payments | typeof products | typeof shipping
>;

const address = {
  name: "A Buyer",
  line1: "Street 1",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
};

/** Buyers who order, pay with all kinds of cards, and change their minds, in a little shop. */
export const buying: Workload = {
  clients: 20,
  async prepare(call: Shop) {
    const { variants } = await call(products.importCatalogue, {
      categories: [{ slug: "tea", title: "Tea", parent: null }],
      products: SKUS.map((sku, index) => teaOf(sku, 900 + 100 * index)),
    });
    const lines = variants.map(({ variantId }) => ({ variantId, quantity: STOCK }));
    await call(inventory.stockUp, { lines });
    await call(orders.createCoupon, { code: "TENTH", kind: "percent", value: 1_000, usesMax: 3 });
  },
  async client(client) {
    const call: Shop = client.call;
    const cart = await filledCart(call, client);
    const { version, totals } = await call(orders.cartById, cart);
    const paymentToken = oneOf(CARDS, client);
    const offer = { ...cart, cartVersion: version, expectedTotal: totals.total, paymentToken };
    const started = await call(orders.startCheckout, offer).catch(unlessRefused);
    if (started === undefined) return;
    const { checkoutId, orderId } = started;
    if (client.random() < 0.1) {
      const given = { checkoutId, ...keyOf(cart) };
      await call(orders.abandonCheckout, given).catch(unlessRefused);
    }
    const state = await outcomeOf(call, client, { checkoutId, ...keyOf(cart) });
    if (state === "confirmed") await afterwards(call, client, orderId);
  },
};

/** What staff and buyers do with a confirmed order. */
async function afterwards(call: Shop, client: Client, orderId: string): Promise<void> {
  if (client.random() < 0.7) await client.pause(client.random() * 60_000);
  const choice = client.random();
  if (choice < 0.3) {
    await call(orders.cancelOrder, { orderId }).catch(unlessRefused);
  } else if (choice < 0.8) {
    const shipments = await call(shipping.shipmentsOf, { orderId });
    for (const { shipmentId } of shipments) {
      await call(shipping.packShipment, { shipmentId }).catch(unlessRefused);
      const parcel = { shipmentId, carrier: "post", trackingNumber: `T-${client.number}` };
      await call(shipping.shipShipment, parcel).catch(unlessRefused);
    }
    await client.pause(client.random() * 60_000);
    await refund(call, client, orderId);
  }
}

/** One euro back for a complaint; and nobody is given back more than they have paid. */
async function refund(call: Shop, { number }: Client, orderId: string): Promise<void> {
  const asked = (amount: number, refundId: string) =>
    call(orders.refundOrder, {
      orderId,
      refundId,
      amount: { amount, currency: "EUR" },
      reason: "The tea was stale.",
    }).catch(unlessRefused);
  await asked(100, `rfd_${number}`);
  const tooMuch = await asked(1_000_000, `rfd_${number}_too_much`);
  if (tooMuch !== undefined)
    throw new Error(`A refund of more than was paid was ${tooMuch.state}.`);
}

type CartKey = OutputOf<typeof orders.createCart>;

async function filledCart(call: Shop, client: Client): Promise<CartKey> {
  const slug = oneOf(SKUS, client).toLowerCase();
  const { variants } = await call(products.productBySlug, { slug });
  const variantId = variants[0]?.variantId ?? "";
  const cart = await call(orders.createCart, {});
  const quantity = 1 + Math.floor(client.random() * 6);
  await call(orders.addItem, { ...cart, variantId, quantity });
  await call(orders.setContact, { ...cart, email: `buyer-${client.number}@example.com` });
  await call(orders.setAddress, { ...cart, address });
  await call(orders.chooseShipping, { ...cart, optionId: "de-standard" });
  if (client.random() < 0.3) {
    await call(orders.applyCoupon, { ...cart, code: "TENTH" }).catch(unlessRefused);
  }
  return cart;
}

async function outcomeOf(
  call: Shop,
  client: Client,
  access: { readonly checkoutId: string; readonly cartToken: string },
): Promise<string> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { state } = await call(orders.checkoutById, access);
    if (state === "confirmed" || state === "rejected") return state;
    await client.pause(2_000 + client.random() * 8_000);
  }
  throw new Error(`The checkout ${access.checkoutId} has not ended.`);
}

function keyOf({ cartToken }: CartKey): { readonly cartToken: string } {
  return { cartToken };
}

/** Lets a declared refusal be an answer; anything else is still an error. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof Error && error.name === "DomainError") return undefined;
  throw error;
}

function oneOf<T>(among: readonly T[], { random }: Pick<Client, "random">): T {
  const [found] = among.slice(Math.floor(random() * among.length));
  if (found === undefined) throw new Error("There is nothing to choose from.");
  return found;
}

function teaOf(sku: string, amount: number) {
  return {
    slug: sku.toLowerCase(),
    title: `${sku} tea`,
    description: "Leaves of the tea plant.",
    synonyms: [],
    category: "tea",
    variants: [
      {
        sku,
        options: { weight: "100 g" },
        price: { amount, currency: "EUR" },
        weightGrams: 120,
        taxClass: "reduced" as const,
        requiresShipping: true,
      },
    ],
  };
}
