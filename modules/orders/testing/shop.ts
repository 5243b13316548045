import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { type InputOf, type OutputOf, port, t } from "#runtime";
import type { Module } from "../../../runtime/module/define-module.ts";
import type { Handler } from "../../../runtime/module/handler.ts";
import { type Placed, type Placement, place } from "../../../runtime/testing/place.ts";
import inventoryModule from "../../inventory/module.ts";
import paymentsModule from "../../payments/module.ts";
import { type PaymentProvider, ProviderTimeout } from "../../payments/provider.ts";
import { openSimulator, type Simulator } from "../../payments/simulator/simulator.ts";
import productsModule from "../../products/module.ts";
import shippingModule from "../../shipping/module.ts";
import ordersModule from "../module.ts";

const email = "ann@example.com";
export const address = {
  name: "Ann Buyer",
  line1: "Teestraße 1",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
};

export type CartKey = OutputOf<typeof orders.createCart>;
type Checkout = OutputOf<typeof orders.checkoutById>;

export interface ShopOptions {
  readonly stock?: number;
  readonly duplicate?: boolean;
  readonly shipping?: Module;
  readonly orders?: Module;
  readonly payments?: Module;
  /** While `isSilent` the provider does not hear of captures. */
  readonly line?: { isSilent: boolean };
  readonly lookEveryMs?: number;
}

/** The shop's modules in one test, with a catalogue of two things: tea (19 %), and books (7 %). */
export async function openShop(placement: Placement, options: ShopOptions = {}): Promise<Shop> {
  const { stock = 100, duplicate = true, shipping = shippingModule } = options;
  const {
    orders: sold = ordersModule,
    payments: paid = paymentsModule,
    line,
    lookEveryMs,
  } = options;
  const placed: Placed = await place(
    placement,
    [
      productsModule,
      inventoryModule,
      { ...paid, ports: [simulated(() => placed, line)] },
      shipping,
      sold,
    ],
    { duplicate, ...(lookEveryMs !== undefined && { lookEveryMs }) },
  );
  const { variants } = await placed.call(products.importCatalogue, {
    categories: [{ slug: "all", title: "All", parent: null }],
    products: [
      productOf("tea", { amount: 1_190, taxClass: "standard", requiresShipping: true }),
      productOf("book", { amount: 1_070, taxClass: "reduced", requiresShipping: true }),
      productOf("lesson", { amount: 5_000, taxClass: "standard", requiresShipping: false }),
    ],
  });
  const shop = new Shop(placed, new Map(variants.map((one) => [one.sku, one.variantId])));
  const lines = ["tea", "book"].map((sku) => ({ variantId: shop.idOf(sku), quantity: stock }));
  await placed.call(inventory.stockUp, { lines });
  return shop;
}

/** A placed shop, with the way of a buyer through it. */
export class Shop implements AsyncDisposable {
  readonly placed: Placed;
  readonly #variants: ReadonlyMap<string, string>;

  constructor(placed: Placed, variants: ReadonlyMap<string, string>) {
    this.placed = placed;
    this.#variants = variants;
  }

  get call(): Placed["call"] {
    return this.placed.call;
  }

  idOf(sku: string): string {
    const variantId = this.#variants.get(sku);
    if (variantId === undefined) throw new Error(`The test's catalogue has no ${sku}.`);
    return variantId;
  }

  /** A cart that lacks nothing. */
  async filledCart(items: Record<string, number> = { tea: 1 }, mail = email): Promise<CartKey> {
    const cart = await this.call(orders.createCart, {});
    for (const [sku, quantity] of Object.entries(items)) {
      await this.call(orders.addItem, { ...cart, variantId: this.idOf(sku), quantity });
    }
    await this.call(orders.setContact, { ...cart, email: mail });
    await this.call(orders.setAddress, { ...cart, address });
    const options = await this.call(orders.shippingOptions, cart);
    if (options.length > 0) {
      await this.call(orders.chooseShipping, { ...cart, optionId: "de-standard" });
    }
    return cart;
  }

  /** What a checkout of the cart as it is now has to say. */
  async offer(cart: CartKey, paymentToken: string): Promise<InputOf<typeof orders.startCheckout>> {
    const { version, totals } = await this.call(orders.cartById, cart);
    return { ...cart, cartVersion: version, expectedTotal: totals.total, paymentToken };
  }

  /** Checks a cart out and lets everything happen that happens at once. */
  async checkOut(cart: CartKey, paymentToken = "tok_ok"): Promise<Checkout> {
    const offer = await this.offer(cart, paymentToken);
    const { checkoutId } = await this.call(orders.startCheckout, offer);
    await this.placed.settle();
    return await this.call(orders.checkoutById, { checkoutId });
  }

  /** What is on the shelf, held and promised of a variant. */
  async stockOf(sku: string) {
    const { levels } = await this.call(inventory.stockOf, { variantId: this.idOf(sku) });
    const [level] = levels;
    return { onHand: level?.onHand, held: level?.held, committed: level?.committed };
  }

  /** How often an event was published. */
  countOf(type: string): number {
    return this.placed.events.filter((one) => one.type === type).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.placed[Symbol.asyncDispose]();
  }
}

/** Shipping that takes up no fulfilment until it has heard of it. */
export function hardOfHearing(heard: Promise<void>): Module {
  const { handlers } = shippingModule;
  const { openFulfilment } = handlers;
  if (openFulfilment === undefined) throw new Error("Shipping opens no fulfilments.");
  const work: Handler["work"] = async (input, context) => {
    await heard;
    return openFulfilment.work(input, context);
  };
  return {
    ...shippingModule,
    handlers: { ...handlers, openFulfilment: { ...openFulfilment, work } },
  };
}

/** The simulated provider, whose webhooks come without a network. */
function simulated(shop: () => Placed, line: { readonly isSilent: boolean } | undefined) {
  let simulator: Simulator | undefined;
  async function deliver(body: string, signature: string): Promise<boolean> {
    await shop().call(payments.receiveWebhook, { provider: "simulator", body, signature });
    return true;
  }
  return port("payments.provider", {
    settings: t.Object({}),
    open(_settings, world): PaymentProvider {
      simulator = openSimulator(world, { secret: "whsec_of_the_tests", deliver });
      return line === undefined ? simulator : withSilence(simulator, line);
    },
    close: () => simulator?.close(),
  });
}

/** A provider that is not reached by a capture while the line is silent. */
function withSilence(simulator: Simulator, line: { readonly isSilent: boolean }): PaymentProvider {
  return {
    name: simulator.name,
    challenges: simulator.challenges,
    authorise: (request) => simulator.authorise(request),
    async capture(request) {
      if (line.isSilent) throw new ProviderTimeout("silence");
      return await simulator.capture(request);
    },
    cancel: (request) => simulator.cancel(request),
    refund: (request) => simulator.refund(request),
    intentOf: (by) => simulator.intentOf(by),
    verifyWebhook: (body, signature) => simulator.verifyWebhook(body, signature),
  };
}

function productOf(
  slug: string,
  variant: { amount: number; taxClass: "standard" | "reduced"; requiresShipping: boolean },
) {
  const { amount, ...rest } = variant;
  const price = { amount, currency: "EUR" };
  return {
    slug,
    title: slug,
    description: `A ${slug}.`,
    synonyms: [],
    category: "all",
    variants: [{ sku: slug, options: {}, price, weightGrams: 500, ...rest }],
  };
}
