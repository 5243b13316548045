import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import type { payments } from "#modules/payments";
import { products } from "#modules/products";
import type { shipping } from "#modules/shipping";
import type { users } from "#modules/users";
import type { Call, OutputOf } from "#runtime";
import type { Client, Workload } from "#runtime/simulation";
import { useAccount } from "./accounts.ts";
import { afterwards, type Plan, planOf } from "./after-sale.ts";
import { type Access, askedByBank } from "./bank.ts";
import { askByPhone, hangUp } from "./by-phone.ts";
import { neverBackwards } from "./never-backwards.ts";
import { unlessRefused } from "./refusals.ts";

const SKUS = ["GREEN", "BLACK", "WHITE"] as const;
/** How buyers pay: most with a card that works. */
const CARDS = [
  ...["tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_slow", "tok_decline"],
  ...["tok_timeout_before", "tok_timeout_after", "tok_capture_fails", "tok_3ds"],
] as const;
/** How long a buyer looks at a checkout before they give up asking. */
const LOOKS_MAX = 400;
/** How often one who is hasty looks in quick succession first. */
const WATCHING_LOOKS = 10;
/** How long one who asks again waits for an answer, as a request over HTTP does. */
const WAIT_MS = 3_000;
/** The share of buyers who ask by phone first. */
const PHONING = 0.2;
/** The share of buyers who have an account first. */
const REGISTERING = 0.15;
/** The share of buyers after whom somebody brings in more than one call carries. */
const IMPORTING_TOO_MUCH = 0.02;
/** How much more often somebody gives up who asks by phone. */
const HANGING_UP = 3;
/** How much more often somebody cancels what is being sent. */
const CANCELLING_LATE = 2;

type Shop = Call<
  | typeof inventory
  | typeof orders
  | typeof payments
  | typeof products
  | typeof shipping
  | typeof users
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
  /**
   * The share of buyers who give up a checkout while it is under way; twice as many cancel what is
   * being sent, and thrice as many hang up who ask by phone.
   */
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
      const call: Shop = neverBackwards(client.call);
      if (client.random() < PHONING) await phone(call, client, { stock, abandoning });
      if (client.random() < REGISTERING) await useAccount(call, client);
      const cart = await filledCart(call, client);
      const { version, totals } = await call(orders.cartById, cart);
      const paymentToken = oneOf(CARDS, client);
      const offer = { ...cart, cartVersion: version, expectedTotal: totals.total, paymentToken };
      const abandons = client.random() < abandoning;
      const plan = planOf(client, CANCELLING_LATE * abandoning);
      const key = `order-of-${client.number}`;
      const started = await call(orders.startCheckout, offer, { key }).catch(unlessRefused);
      if (started === undefined) return;
      const { checkoutId, orderId } = started;
      const given = { checkoutId, ...keyOf(cart) };
      if (abandons) await call(orders.abandonCheckout, given).catch(unlessRefused);
      const state = await outcomeOf(call, { client, plan }, given);
      if (state === "confirmed") await afterwards(call, plan, orderId);
      const again = await call(orders.startCheckout, offer, { key });
      if (again.checkoutId !== checkoutId) throw new Error(`${key} is ${again.checkoutId}, too.`);
      await call(orders.checkoutById, { ...given, waitMs: WAIT_MS });
      if (client.random() < IMPORTING_TOO_MUCH) await importTooMuch(call);
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

/** Somebody brings in more at once than one call carries, which is refused in every topology. */
async function importTooMuch(call: Shop): Promise<void> {
  const description = "x".repeat(10_000);
  const several = [...Array(120).keys()].map((index) => ({
    ...teaOf("GREEN", 900),
    slug: `too-much-${index}`,
    description,
  }));
  const given = { categories: [], products: several };
  const met = await call(products.importCatalogue, given).then(() => "taken", String);
  if (/^ContractError: The input of products.importCatalogue has \d+ bytes/.test(met)) return;
  throw new Error(`An import of more than one call carries was ${met}.`);
}

type CartKey = OutputOf<typeof orders.createCart>;

/** Any variant of the shop. */
async function anyVariant(call: Shop, client: Client): Promise<string> {
  const slug = oneOf(SKUS, client).toLowerCase();
  const { variants } = await call(products.productBySlug, { slug });
  return variants[0]?.variantId ?? "";
}

async function phone(
  call: Shop,
  client: Client,
  { stock, abandoning }: Pick<Trade, "stock" | "abandoning">,
): Promise<void> {
  const variantId = await anyVariant(call, client);
  if (client.random() < HANGING_UP * abandoning) await hangUp(call, client, variantId);
  await askByPhone(call, client, { variantId, stock });
}

async function filledCart(call: Shop, client: Client): Promise<CartKey> {
  const variantId = await anyVariant(call, client);
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
  { client, plan }: { readonly client: Client; readonly plan: Plan },
  access: Access,
): Promise<string> {
  const mind = client.random();
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { state, actionUrl } = await call(orders.checkoutById, access);
    if (state === "confirmed" || state === "rejected") return state;
    if (actionUrl !== null) await askedByBank(call, { access, actionUrl, mind });
    const isWatching = plan.isHasty && looks < WATCHING_LOOKS;
    await client.pause((2_000 + client.random() * 8_000) / (isWatching ? 100 : 1));
  }
  throw new Error(`The checkout ${access.checkoutId} has not ended.`);
}

function keyOf({ cartToken }: CartKey): { readonly cartToken: string } {
  return { cartToken };
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
