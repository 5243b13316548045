import { notifications } from "#modules/notifications";
import { orders } from "#modules/orders";
import type { Call } from "#runtime";
import type { Invariant, Rows } from "#runtime/simulation";
import { accounts } from "./accounts.ts";
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
    async check(call: Call<typeof notifications>) {
      const mails = await call(notifications.mailbox, { limit: 100 });
      const subjects = mails.map(({ to, subject }) => `${to}: ${subject}`);
      return subjects
        .filter((one, index) => subjects.indexOf(one) !== index)
        .map((one) => `the mail "${one}" was sent twice`);
    },
  },
  {
    name: "each customer hears of each turn of an order",
    check: async (_call, rows) => [
      ...unwritten(rows, "order-confirmed", rows("orders", confirmed)),
      ...unwritten(rows, "order-cancelled", rows("orders", cancelled)),
      ...unwritten(rows, "order-shipped", rows("shipping", shipped)),
      ...rows("notifications", unsent),
    ],
  },
  {
    name: "each fact is noted once",
    check: async (_call, rows) => rows("orders", notedTwice),
  },
  {
    name: "nothing is sent of what was cancelled",
    check: async (_call, rows) => rows("shipping", parcelsOfCancelled),
  },
  {
    name: "nothing is kept for those who did not order",
    check: async (_call, rows) => rows("inventory", heldForEver),
  },
  {
    name: "what has run is not planned any more",
    check: async (_call, rows) => rows("notifications", plannedThoughDone),
  },
  ...accounts,
  ...refusedForCause,
];

const confirmed = "SELECT order_id FROM orders WHERE status NOT IN ('pending', 'rejected')";
const cancelled = "SELECT order_id FROM orders WHERE status = 'cancelled'";
const shipped = "SELECT order_id FROM shipment WHERE state IN ('shipped', 'delivered')";
const unsent = `
  SELECT 'the mail ' || id || ' is queued, and nothing will send it' FROM mails
  WHERE state = 'queued' AND id NOT IN (
    SELECT key FROM cleave_job WHERE command = 'deliverMail')`;
const notedTwice = `
  SELECT order_id || ' has "' || what || '" ' || count(*) || ' times' FROM (
    SELECT order_id, json_extract(value, '$.what') AS what FROM orders, json_each(timeline))
  WHERE what IN ('shipped', 'payment captured') GROUP BY order_id, what HAVING count(*) > 1`;
const parcelsOfCancelled = `
  SELECT order_id || ' was cancelled and has a parcel that is ' || s.state
  FROM shipment s JOIN consignment c USING (order_id)
  WHERE c.state = 'cancelled' AND s.state <> 'cancelled'`;
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
