import { kernelStatements, type Read, type Write } from "../store/connection.ts";

/** Seqs that share a row for each event. */
const PART = 1_000;
/** Parts that have rows of their own, at most: those of the last ten million seqs. */
const PARTS_MAX = 10_000;
/** The part that stands for all older ones. */
const OLDEST = -1;

const statements = kernelStatements((sqlite) => ({
  note: sqlite.prepare<[number]>(
    `INSERT INTO cleave_outbox_removed (part, event, removed, last_seq)
     SELECT (seq - 1) / ${PART}, event, count(*), max(seq) FROM cleave_outbox
     WHERE seq <= ? GROUP BY 1, 2
     ON CONFLICT (part, event) DO UPDATE SET
       removed = removed + excluded.removed, last_seq = excluded.last_seq`,
  ),
  fold: sqlite.prepare<[number]>(
    `INSERT INTO cleave_outbox_removed (part, event, removed, last_seq)
     SELECT ${OLDEST}, event, sum(removed), max(last_seq) FROM cleave_outbox_removed
     WHERE part BETWEEN 0 AND ? GROUP BY event
     ON CONFLICT (part, event) DO UPDATE SET
       removed = removed + excluded.removed, last_seq = excluded.last_seq`,
  ),
  forget: sqlite.prepare<[number]>("DELETE FROM cleave_outbox_removed WHERE part BETWEEN 0 AND ?"),
  upTo: sqlite.prepare<[], { seq: number | null }>(
    `SELECT max(last_seq) AS seq FROM cleave_outbox_removed
     WHERE part = (SELECT max(part) FROM cleave_outbox_removed)`,
  ),
  lastOf: sqlite.prepare<[string, number], { seq: number }>(
    `SELECT last_seq AS seq FROM cleave_outbox_removed
     WHERE event = ? AND last_seq <= ? ORDER BY part DESC LIMIT 1`,
  ),
  whole: sqlite.prepare<[string, number], { removed: number | null; lastSeq: number | null }>(
    `SELECT sum(removed) AS removed, max(last_seq) AS lastSeq FROM cleave_outbox_removed
     WHERE event = ? AND part > ?`,
  ),
  part: sqlite.prepare<[number], { event: string; removed: number; lastSeq: number }>(
    `SELECT event, removed, last_seq AS lastSeq FROM cleave_outbox_removed WHERE part = ?`,
  ),
}));

/** Events that a consumer wants, has not taken in, and that were removed. */
export interface Lost {
  /** How many; that many at most unless it is exact. */
  readonly count: number;
  readonly isExact: boolean;
  /** The seq of the last of them. */
  readonly upTo: number;
}

/**
 * Notes, in the transaction that removes them, all events up to a seq. What is noted of the oldest
 * is put together, so that it does not grow.
 */
export function noteRemoved(tx: Write, upTo: number): void {
  const { note, fold, forget } = statements(tx);
  note.run(upTo);
  const last = Math.floor((upTo - 1) / PART) - PARTS_MAX;
  if (last < 0) return;
  fold.run(last);
  forget.run(last);
}

/** The seq of the last event that was removed and noted, or 0. */
export function removedUpTo(on: Read): number {
  return statements(on).upTo.get()?.seq ?? 0;
}

/** The seq of the last removed event of a name at or before `seq`, or 0. */
export function lastRemoved(on: Read, event: string, seq: number): number {
  return statements(on).lastOf.get(event, seq)?.seq ?? 0;
}

/**
 * The removed events of these names, each after the seq that stands beside it; undefined when there
 * are none.
 */
export function lostAfter(on: Read, after: ReadonlyMap<string, number>): Lost | undefined {
  let count = 0;
  let upTo = 0;
  let isExact = true;
  for (const [event, seq] of after) {
    const part = Math.floor(seq / PART);
    const { removed, lastSeq } = statements(on).whole.get(event, part) ?? {};
    const within = withinPart(statements(on).part.all(part), { event, seq, others: after });
    const oldest = withinPart(statements(on).part.all(OLDEST), { event, seq, others: after });
    count += (removed ?? 0) + within.count + oldest.count;
    upTo = Math.max(upTo, lastSeq ?? 0, within.upTo, oldest.upTo);
    isExact &&= within.isExact && (oldest.count === 0 || seq === 0);
  }
  return upTo === 0 ? undefined : { count, isExact, upTo };
}

/** How many of one part come after a seq that lies in it. */
function withinPart(
  rows: readonly { event: string; removed: number; lastSeq: number }[],
  about: { event: string; seq: number; others: ReadonlyMap<string, number> },
): Lost {
  const { event, seq, others } = about;
  const own = rows.find((one) => one.event === event && one.lastSeq > seq);
  if (own === undefined) return { count: 0, isExact: true, upTo: 0 };
  const { removed, lastSeq } = own;
  const count = Math.min(removed, lastSeq - seq);
  const isAll = rows.length === 1 && others.size === 1 && removed >= lastSeq - seq;
  return { count, isExact: seq % PART === 0 || isAll || count === 1, upTo: lastSeq };
}
