import { checked } from "../contract/check.ts";
import { type EventType, fullName } from "../contract/contract.ts";
import { kernelStatements, type Read } from "../store/connection.ts";
import type { Envelope, EventSource } from "../transport/transport.ts";

interface Row {
  readonly seq: number;
  readonly event: string;
  readonly version: number;
  readonly payload: string;
  readonly traceId: string;
  readonly occurredAtMs: number;
}

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare<[string, number, string, string, number]>(
    `INSERT INTO cleave_outbox (event, version, payload, trace_id, occurred_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
  ),
  after: sqlite.prepare<[number, string, number], Row>(
    `SELECT seq, event, version, payload, trace_id AS traceId, occurred_at_ms AS occurredAtMs
     FROM cleave_outbox
     WHERE seq > ? AND event IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?`,
  ),
  last: sqlite.prepare<[], { seq: number }>(
    "SELECT seq FROM sqlite_sequence WHERE name = 'cleave_outbox'",
  ),
}));

/** Writes an event into the outbox of the open transaction; it is published if that commits. */
export function appendEvent(
  on: Read,
  event: EventType,
  { payload, traceId, nowMs }: { payload: unknown; traceId: string; nowMs: number },
): Envelope {
  const copy = checked(event.payload, `The payload of ${fullName(event)}`).copy(payload);
  const json = JSON.stringify(copy);
  const { name, version, module } = event;
  const inserted = statements(on).insert.run(name, version, json, traceId, nowMs);
  return {
    module,
    event: name,
    version,
    seq: Number(inserted.lastInsertRowid),
    traceId,
    occurredAtMs: nowMs,
    payload: json,
  };
}

/** The outbox as a log that the transport can read from any place. */
export function outboxOf(on: Read, module: string): EventSource {
  return {
    module,
    after(seq, limit, events) {
      const rows = statements(on).after.all(seq, JSON.stringify(events), limit);
      return rows.map((row) => ({ module, ...row }));
    },
    lastSeq: () => statements(on).last.get()?.seq ?? 0,
  };
}
