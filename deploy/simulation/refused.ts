import type { Invariant, Rows } from "#runtime/simulation";

/** The least that a checkout may take to run out of time, with clocks that jump by a minute. */
const DEADLINE_MS_MIN = 7 * 60_000;

/** That nobody was refused without need: a shop that refuses all has books that agree, too. */
export const refusedForCause: readonly Invariant[] = [
  {
    name: "nobody is refused what there was",
    check: async (_call, rows) => refusedWhatThereWas(rows),
  },
  {
    name: "nobody's time runs out early",
    check: async (_call, rows) => rows("orders", ranOutEarly),
  },
];

/** Orders refused for want of stock, though all that was ever held left enough for them. */
function refusedWhatThereWas(rows: Rows): string[] {
  const stock = sumsIn(rows("inventory", stockedAtFirst));
  const held = sumsIn(rows("inventory", everHeld));
  return rows("orders", outOfStock).flatMap((row) => {
    const [orderId = "", variantId = "", wanted = ""] = row.split(" ");
    const left = (stock.get(variantId) ?? 0) - (held.get(variantId) ?? 0);
    if (Number(wanted) > left) return [];
    return [`${orderId} was refused ${wanted} of ${variantId}, and ${left} were never held`];
  });
}

function sumsIn(rows: readonly string[]): Map<string, number> {
  return new Map(
    rows.map((row) => {
      const [variantId = "", sum = ""] = row.split(" ");
      return [variantId, Number(sum)];
    }),
  );
}

// With one variant in each order, which one was short is never a question.
const outOfStock = `
  SELECT order_id || ' ' || json_extract(value, '$.variantId') || ' ' ||
    sum(json_extract(value, '$.quantity'))
  FROM orders, json_each(snapshot, '$.lines')
  WHERE json_extract(rejection, '$.code') = 'out_of_stock' GROUP BY order_id`;
const stockedAtFirst = `
  SELECT variant_id || ' ' || delta FROM ledger
  WHERE entry_id IN (SELECT min(entry_id) FROM ledger GROUP BY variant_id)`;
const everHeld = `
  SELECT variant_id || ' ' || sum(quantity) FROM reservation_line GROUP BY variant_id`;
const ranOutEarly = `
  SELECT order_id || ' was refused ' || ((atMs - placed_at_ms) / 1000) || ' s after it was placed'
  FROM (SELECT order_id, placed_at_ms, json_extract(value, '$.atMs') AS atMs,
      json_extract(value, '$.what') AS what FROM orders, json_each(timeline)
    WHERE json_extract(rejection, '$.code') = 'deadline')
  WHERE what = 'rejected' AND atMs - placed_at_ms < ${DEADLINE_MS_MIN}`;
