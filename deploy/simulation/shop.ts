import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import type { Call, OutputOf } from "#runtime";
import type { Client, Workload } from "../../runtime/simulation/scenario.ts";

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

/** What a shop has, and what its buyers do. */
interface Trade {
  /** How many of each variant there are, and how often the coupon can be used. */
  readonly stock: number;
  readonly couponUses: number;
  /** The share of buyers who give up a checkout while it is under way. */
  readonly abandoning: number;
}

/** Buyers who order, pay with all kinds of cards, and change their minds, in a little shop. */
export const buying = buyers({ stock: 20, couponUses: 3, abandoning: 0.1 });

/** Buyers of such a shop. What each of them means to do depends on their number alone. */
export function buyers({ stock, couponUses, abandoning }: Trade): Workload {
  return {
    clients: 20,
    prepare: (call: Shop) => filledShop(call, { stock, couponUses }),
    async client(client) {
      const call: Shop = client.call;
      const cart = await filledCart(call, client);
      const { version, totals } = await call(orders.cartById, cart);
      const paymentToken = oneOf(CARDS, client);
      const offer = { ...cart, cartVersion: version, expectedTotal: totals.total, paymentToken };
      const abandons = client.random() < abandoning;
      const plan = planOf(client);
      const started = await call(orders.startCheckout, offer).catch(unlessRefused);
      if (started === undefined) return;
      const { checkoutId, orderId } = started;
      const given = { checkoutId, ...keyOf(cart) };
      if (abandons) await call(orders.abandonCheckout, given).catch(unlessRefused);
      const state = await outcomeOf(call, client, given);
      if (state === "confirmed") await afterwards(call, plan, orderId);
    },
  };
}

async function filledShop(
  call: Shop,
  { stock, couponUses }: Pick<Trade, "stock" | "couponUses">,
): Promise<void> {
  const { variants } = await call(products.importCatalogue, {
    categories: [{ slug: "tea", title: "Tea", parent: null }],
    products: SKUS.map((sku, index) => teaOf(sku, 900 + 100 * index)),
  });
  const lines = variants.map(({ variantId }) => ({ variantId, quantity: stock }));
  await call(inventory.stockUp, { lines });
  const coupon = { code: "TENTH", kind: "percent", value: 1_000, usesMax: couponUses } as const;
  await call(orders.createCoupon, coupon);
}

/** What a buyer means to do with an order, and when; drawn before anything of it happens. */
interface Plan extends Pick<Client, "number" | "pause"> {
  readonly choice: number;
  readonly waitMs: number;
  readonly laterMs: number;
}

function planOf({ number, pause, random }: Client): Plan {
  const isHasty = random() < 0.3;
  const waitMs = isHasty ? 0 : random() * 60_000;
  return { number, pause, choice: random(), waitMs, laterMs: random() * 60_000 };
}

/** What staff and buyers do with a confirmed order. */
async function afterwards(call: Shop, plan: Plan, orderId: string): Promise<void> {
  const { number, choice } = plan;
  await plan.pause(plan.waitMs);
  if (choice < 0.3) {
    await call(orders.cancelOrder, { orderId }).catch(unlessRefused);
  } else if (choice < 0.8) {
    const shipments = await call(shipping.shipmentsOf, { orderId });
    for (const { shipmentId } of shipments) {
      await call(shipping.packShipment, { shipmentId }).catch(unlessRefused);
      const parcel = { shipmentId, carrier: "post", trackingNumber: `T-${number}` };
      await call(shipping.shipShipment, parcel).catch(unlessRefused);
    }
    await plan.pause(plan.laterMs);
    await refund(call, number, orderId);
  }
}

/** One euro back for a complaint; and nobody is given back more than they have paid. */
async function refund(call: Shop, number: number, orderId: string): Promise<void> {
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

interface Access {
  readonly checkoutId: string;
  readonly cartToken: string;
}

async function outcomeOf(call: Shop, client: Client, access: Access): Promise<string> {
  const mind = client.random();
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { state, actionUrl } = await call(orders.checkoutById, access);
    if (state === "confirmed" || state === "rejected") return state;
    if (actionUrl !== null) await atTheBank(call, actionUrl, { access, mind });
    await client.pause(2_000 + client.random() * 8_000);
  }
  throw new Error(`The checkout ${access.checkoutId} has not ended.`);
}

/** What a buyer does whom the bank asks who they are; a few walk away, and time runs out. */
async function atTheBank(
  call: Shop,
  actionUrl: string,
  { access, mind }: { readonly access: Access; readonly mind: number },
): Promise<void> {
  const reference = decodeURIComponent(actionUrl.split("/").at(-1) ?? "");
  if (mind < 0.8) {
    const result = mind < 0.6 ? "ok" : "fail";
    await call(payments.completeChallenge, { reference, result }).catch(unlessRefused);
  } else if (mind < 0.95) {
    await call(orders.abandonCheckout, access).catch(unlessRefused);
  }
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
