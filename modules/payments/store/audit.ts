import { sql } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import * as schema from "../schema.ts";

const FINDINGS_MAX = 100;
/** How long a reversal or a webhook may be under way before it is called late. */
const LATE_MS = 60 * 60_000;

const captured = sql.raw(`(SELECT coalesce(sum(e.amount), 0) FROM entries e
  WHERE e.payment_id = p.payment_id AND e.kind = 'captured' AND NOT EXISTS (
    SELECT 1 FROM entries f WHERE f.payment_id = p.payment_id
      AND f.kind = 'capture_failed' AND f.provider_ref = e.provider_ref))`);
const refunded = sql.raw(`(SELECT coalesce(sum(e.amount), 0) FROM entries e
  WHERE e.payment_id = p.payment_id AND e.kind = 'refunded' AND NOT EXISTS (
    SELECT 1 FROM entries f WHERE f.payment_id = p.payment_id
      AND f.kind = 'refund_failed' AND f.provider_ref = e.provider_ref))`);

const read = reads(schema, (db) => ({
  findings: db
    .select({ invariant: sql<string>`invariant`, detail: sql<string>`detail` })
    .from(
      sql`(
        SELECT 'P1' AS invariant, 'order ' || order_id || ' has ' || count(*)
            || ' payments that may hold money' AS detail
          FROM payments WHERE state NOT IN ('declined', 'voided', 'expired')
          GROUP BY order_id HAVING count(*) > 1
        UNION ALL
        SELECT 'P2', 'payment ' || payment_id || ' has no operation that authorised it'
          FROM payments p WHERE NOT EXISTS (
            SELECT 1 FROM operations o WHERE o.payment_id = p.payment_id AND kind = 'authorise')
        UNION ALL
        SELECT 'P3', 'payment ' || payment_id || ' gives back or takes more than there is'
          FROM payments WHERE refunded + pending_refunds > captured
            OR captured > authorised OR authorised > total
        UNION ALL
        SELECT 'P4', 'payment ' || payment_id || ' differs from its ledger'
          FROM payments p WHERE captured <> ${captured} OR refunded <> ${refunded}
        UNION ALL
        SELECT 'P5', 'operation ' || operation_id || ' undid an order that was not reversed'
          FROM operations JOIN payments USING (payment_id)
          WHERE cause = 'reversal' AND order_id NOT IN (SELECT order_id FROM reversals)
        UNION ALL
        SELECT 'P6', 'order ' || order_id || ' was reversed, and still holds money'
          FROM reversals JOIN payments USING (order_id)
          WHERE at_ms < ${sql.placeholder("lateMs")}
            AND state NOT IN ('declined', 'voided', 'expired')
            AND NOT (state = 'captured' AND refunded = captured)
        UNION ALL
        SELECT 'W2', 'webhook ' || event_id || ' of ' || provider || ' is ' || state
          FROM provider_events
          WHERE state <> 'folded' AND at_ms < ${sql.placeholder("lateMs")}
      ) AS found`,
    )
    .limit(FINDINGS_MAX)
    .prepare(),
}));

/** What does not hold in this module's books; at most a hundred sentences. */
export function findings(on: Read, nowMs: number): { invariant: string; detail: string }[] {
  return read(on).findings.all({ lateMs: nowMs - LATE_MS });
}
