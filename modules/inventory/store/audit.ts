import { sql } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import * as schema from "../schema.ts";
import { consumptions, ledger, levels, reservationLines, reservations } from "../schema.ts";

/** A check reports at most this many rows. */
const REPORTED_MAX = 20;

type Row = { invariant: string; detail: string };

const where = (table: string) => sql.raw(`${table}.variant_id || ' at ' || ${table}.location_id`);
const sameKey = sql.raw("x.variant_id = l.variant_id AND x.location_id = l.location_id");

/** One query for each invariant; each returns the rows that break it. */
const checks = [
  sql`SELECT 'S1' AS invariant, ${where("l")} || ' has ' || l.on_hand || ' on hand, '
        || l.held || ' held, ' || l.committed || ' committed' AS detail
      FROM ${levels} l
      WHERE l.on_hand < 0 OR l.held < 0 OR l.committed < 0 OR l.held + l.committed > l.on_hand`,
  sql`SELECT 'S2' AS invariant, ${where("l")} || ' counts ' || l.held || ' held and '
        || l.committed || ' committed, its reservations ' || coalesce(x.held, 0) || ' and '
        || coalesce(x.committed, 0) AS detail
      FROM ${levels} l LEFT JOIN (
        SELECT r.variant_id, r.location_id,
          sum(CASE o.state WHEN 'held' THEN r.open ELSE 0 END) AS held,
          sum(CASE o.state WHEN 'committed' THEN r.open ELSE 0 END) AS committed
        FROM ${reservationLines} r JOIN ${reservations} o ON o.order_id = r.order_id
        WHERE r.open > 0 GROUP BY r.variant_id, r.location_id
      ) x ON ${sameKey}
      WHERE l.held <> coalesce(x.held, 0) OR l.committed <> coalesce(x.committed, 0)`,
  sql`SELECT 'S2' AS invariant, r.order_id || ' is ' || coalesce(o.state, 'unknown')
        || ' and still keeps ' || ${where("r")} AS detail
      FROM ${reservationLines} r LEFT JOIN ${reservations} o ON o.order_id = r.order_id
      WHERE r.open > 0 AND (o.state IS NULL OR o.state NOT IN ('held', 'committed'))`,
  sql`SELECT 'S3' AS invariant, ${where("l")} || ' has ' || l.on_hand
        || ' on hand, its ledger says ' || coalesce(x.units, 0) AS detail
      FROM ${levels} l LEFT JOIN (
        SELECT variant_id, location_id, sum(delta) AS units
        FROM ${ledger} GROUP BY variant_id, location_id
      ) x ON ${sameKey}
      WHERE l.on_hand <> coalesce(x.units, 0)`,
  sql`SELECT 'S3' AS invariant, 'The ledger has entries of ' || ${where("e")}
        || ', which has no level' AS detail
      FROM ${ledger} e LEFT JOIN ${levels} l
        ON l.variant_id = e.variant_id AND l.location_id = e.location_id
      WHERE l.variant_id IS NULL GROUP BY e.variant_id, e.location_id`,
  sql`SELECT 'S5' AS invariant, o.order_id || ' is ' || o.state || ' without its lines' AS detail
      FROM ${reservations} o
      WHERE o.state <> 'released' AND NOT EXISTS (
        SELECT 1 FROM ${reservationLines} r WHERE r.order_id = o.order_id)`,
  sql`SELECT 'S5' AS invariant, r.order_id || ' holds ' || r.open || ' of ' || r.quantity || ' of '
        || ${where("r")} AS detail
      FROM ${reservationLines} r JOIN ${reservations} o ON o.order_id = r.order_id
      WHERE o.state = 'held' AND r.open <> r.quantity`,
  sql`SELECT 'S6' AS invariant, r.order_id || ' asked for ' || r.quantity || ' of ' || ${where("r")}
        || ', keeps ' || r.open || ', gave back ' || r.released || ' and consumed '
        || coalesce(sum(c.quantity), 0) AS detail
      FROM ${reservationLines} r
      JOIN ${reservations} o ON o.order_id = r.order_id AND o.state IN ('committed', 'consumed')
      LEFT JOIN ${consumptions} c ON c.order_id = r.order_id
        AND c.variant_id = r.variant_id AND c.location_id = r.location_id
      GROUP BY r.order_id, r.variant_id, r.location_id
      HAVING r.quantity <> r.open + r.released + coalesce(sum(c.quantity), 0)`,
  sql`SELECT 'S6' AS invariant, c.shipment_id || ' consumed ' || c.quantity || ' of '
        || ${where("c")} || ', the ledger says ' || coalesce(-e.delta, 0) AS detail
      FROM ${consumptions} c LEFT JOIN ${ledger} e ON e.source = 'shipment'
        AND e.ref = c.shipment_id AND e.variant_id = c.variant_id AND e.location_id = c.location_id
      WHERE c.quantity <> coalesce(-e.delta, 0)`,
];

/** Everything in the books that breaks an invariant, at most a few rows of each check. */
const broken = reads(schema, (db) => ({
  of: (check: (typeof checks)[number]) => db.all<Row>(sql`${check} LIMIT ${REPORTED_MAX}`),
}));

/** Runs every check over the whole of the books: for the reconciliation, not for a hot path. */
export function violations(on: Read): Row[] {
  return checks.flatMap((check) => broken(on).of(check));
}
