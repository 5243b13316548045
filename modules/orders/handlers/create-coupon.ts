import { handler } from "#runtime";
import { orders } from "../contract.ts";
import { PERCENT_VALUE_MAX } from "../domain/coupon.ts";
import { addCoupon, couponByCode } from "../store/coupons.ts";

export const createCoupon = handler(orders.createCoupon, (input, { transaction, fail }) =>
  transaction((tx) => {
    const { code, kind, value, minimumSubtotal, startsAtMs, endsAtMs } = input;
    if (kind === "percent" && value > PERCENT_VALUE_MAX) {
      throw fail("COUPON_TOO_HIGH", { valueMax: PERCENT_VALUE_MAX });
    }
    if (couponByCode(tx, code) !== undefined) throw fail("COUPON_EXISTS", { code });
    addCoupon(tx, {
      code,
      kind,
      value,
      minimumSubtotal: minimumSubtotal?.amount ?? null,
      startsAtMs: startsAtMs ?? null,
      endsAtMs: endsAtMs ?? null,
      usesMax: input.usesMax ?? null,
      usesPerCustomerMax: input.usesPerCustomerMax ?? null,
    });
    return { code };
  }),
);
