import { handler, isStaff, money } from "#runtime";
import { orders } from "../contract.ts";
import { cursorAfter, numberOf } from "../domain/cursor.ts";
import { ordersBefore } from "../store/orders.ts";

const pageSize = 20;

export const ordersOf = handler(
  orders.ordersOf,
  ({ cursor, limit = pageSize }, { read, identity, fail }) => {
    const before = numberOf(cursor);
    if (before === null) throw fail("CURSOR_INVALID", {});
    if (identity.kind === "anonymous") return { items: [], nextCursor: null };
    const owner = identity.kind === "system" || isStaff(identity) ? null : identity.userId;
    const rows = ordersBefore(read, { owner, before, limit: limit + 1 });
    const items = rows.slice(0, limit).map(({ total, currency, ...row }) => ({
      ...row,
      total: money(total, currency),
    }));
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, nextCursor: isMore ? cursorAfter(last.number) : null };
  },
);
