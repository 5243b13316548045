import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import * as domain from "../domain/quote.ts";
import { areasOf, methodsOf } from "../store/rates.ts";

export const quote = handler(
  shipping.quote,
  ({ country, postcode, weightGrams, subtotal }, { read }) => {
    const zoneId = domain.zoneOf(areasOf(read, country), postcode);
    if (zoneId === undefined) return [];
    return domain.quote(methodsOf(read, zoneId), { weightGrams, subtotal });
  },
);
