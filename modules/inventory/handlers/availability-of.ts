import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { offered } from "../domain.ts";
import { availableOf } from "../store/levels.ts";

export const availabilityOf = handler(inventory.availabilityOf, ({ variantIds }, { read }) =>
  variantIds.map((variantId) => ({ variantId, ...offered(availableOf(read, variantId)) })),
);
