import { orders } from "#modules/orders";
import type { Call } from "#runtime";
import type { Invariant, Rows } from "#runtime/simulation";
import { accounts } from "./accounts.ts";
import { parcels } from "./parcels.ts";
import { refusedForCause } from "./refused.ts";

/** What must hold of the shop's books, its mails and its parcels. */
export const books: readonly Invariant[] = [
  {
    name: "the books agree",
    async check(call: Call<typeof orders>) {
      const { violations } = await call(orders.reconcile, {});
      return violations.map(({ invariant, detail }) => `${invariant}: ${detail}`);
    },
  },
  {
    name: "no mail is sent twice",
    check: async (_call, rows) => rows("notifications", writtenTwice),
  },
  {
    name: "each customer hears of each turn of an order",
    check: async (_call, rows) => [
      ...unwritten(rows, "order-confirmed", rows("orders", confirmed)),
      ...unwritten(rows, "order-cancelled", rows("orders", cancelled)),
      ...rows("notifications", unsent),
    ],
  },
  {
    name: "each capture is noted once",
    check: async (_call, rows) => rows("orders", notedTwice),
  },
  {
    name: "nothing is kept for those who did not order",
    check: async (_call, rows) => rows("inventory", heldForEver),
  },
  {
    name: "what has run is not planned any more",
    check: async (_call, rows) => rows("notifications", plannedThoughDone),
  },
  ...parcels,
  ...accounts,
  ...refusedForCause,
];

const confirmed = "SELECT order_id FROM orders WHERE status NOT IN ('pending', 'rejected')";
const cancelled = "SELECT order_id FROM orders WHERE status = 'cancelled'";
const unsent = `
  SELECT 'the mail ' || id || ' is queued, and nothing will send it' FROM mails
  WHERE state = 'queued' AND id NOT IN (
    SELECT key FROM cleave_job WHERE command = 'deliverMail')`;
const writtenTwice = `
  SELECT 'the mail "' || recipient || ': ' || subject || '" was sent twice' FROM mails
  GROUP BY recipient, subject, text HAVING count(*) > 1`;
const notedTwice = `
  SELECT order_id || ' has "payment captured" ' || count(*) || ' times'
  FROM orders, json_each(timeline)
  WHERE json_extract(value, '$.what') = 'payment captured' GROUP BY order_id HAVING count(*) > 1`;
const heldForEver = "SELECT 'stock is held for ' || order_id FROM reservation WHERE state = 'held'";
const plannedThoughDone = `
  SELECT 'the mail ' || id || ' is ' || state || ' and yet to be sent once more'
  FROM mails JOIN cleave_job ON key = id AND command = 'deliverMail' WHERE state <> 'queued'`;

/** The orders that a mail of this template should be about, and none is. */
function unwritten(rows: Rows, template: string, orderIds: readonly string[]): string[] {
  const about = `SELECT about FROM mails WHERE template = '${template}'`;
  const written = new Set(rows("notifications", about));
  return orderIds
    .filter((orderId) => !written.has(orderId))
    .map((orderId) => `${orderId} has no mail "${template}"`);
}
