import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { priced } from "../pricing.ts";
import { handler } from "../uses.ts";

export const applyCoupon = handler(orders.applyCoupon, async (input, context) => {
  const { read, fail, now } = context;
  const couponCode = input.code.trim().toUpperCase();
  return await editCart(input, context, {
    apply(cart, quotes) {
      const changed = { ...cart, couponCode };
      const { couponRefusal } = priced(read, changed, { quotes, options: null, nowMs: now() });
      if (couponRefusal !== null) throw fail("COUPON_NOT_APPLICABLE", { reason: couponRefusal });
      return changed;
    },
  });
});
