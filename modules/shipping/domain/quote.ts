import { type Money, money } from "#runtime";

export interface Area {
  readonly postcodePrefix: string;
  readonly zoneId: string;
}

/** A delivery method with its price tiers, in any order. */
export interface Method {
  readonly optionId: string;
  readonly label: string;
  readonly currency: string;
  readonly freeFrom: number | null;
  readonly daysMin: number;
  readonly daysMax: number;
  readonly tiers: readonly { readonly weightGramsMax: number; readonly amount: number }[];
}

export interface Offer {
  readonly optionId: string;
  readonly label: string;
  readonly price: Money;
  readonly daysMin: number;
  readonly daysMax: number;
}

/** The zone of a postcode among a country's areas: the longest prefix decides. */
export function zoneOf(areas: readonly Area[], postcode: string): string | undefined {
  const compact = postcode.toUpperCase().replace(/[^A-Z0-9]/g, "");
  let best: Area | undefined;
  for (const area of areas) {
    if (!compact.startsWith(area.postcodePrefix)) continue;
    if (best === undefined || area.postcodePrefix.length > best.postcodePrefix.length) best = area;
  }
  return best?.zoneId;
}

/** What the methods cost for a parcel, cheapest first. Too heavy for a method: it is left out. */
export function quote(
  methods: readonly Method[],
  parcel: { readonly weightGrams: number; readonly subtotal: Money },
): Offer[] {
  const { subtotal, weightGrams } = parcel;
  const offers: Offer[] = [];
  for (const { optionId, label, currency, freeFrom, daysMin, daysMax, tiers } of methods) {
    const amount = priceOf(tiers, weightGrams);
    if (amount === undefined || currency !== subtotal.currency) continue;
    const isFree = freeFrom !== null && subtotal.amount >= freeFrom;
    const price = money(isFree ? 0 : amount, currency);
    offers.push({ optionId, label, price, daysMin, daysMax });
  }
  return offers.sort(
    (one, other) =>
      one.price.amount - other.price.amount ||
      one.daysMax - other.daysMax ||
      (one.optionId < other.optionId ? -1 : 1),
  );
}

function priceOf(tiers: Method["tiers"], weightGrams: number): number | undefined {
  let best: Method["tiers"][number] | undefined;
  for (const tier of tiers) {
    if (weightGrams > tier.weightGramsMax) continue;
    if (best === undefined || tier.weightGramsMax < best.weightGramsMax) best = tier;
  }
  return best?.amount;
}
