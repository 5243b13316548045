import { checked } from "../contract/check.ts";
import { type EventType, fullName } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { commitsOf, kernelStatements, type Read, type Write } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import type { Envelope, EventSource, Reader } from "../transport/transport.ts";
import { databaseId } from "./database-id.ts";
import { type Lost, lastRemoved, lostAfter, removedUpTo } from "./removed-events.ts";

/** How much later what readers have told is written, in milliseconds. */
const READERS_WRITTEN_AFTER_MS = 5_000;

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
     WHERE seq > ? AND event IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT likely(?)`,
  ),
  all: sqlite.prepare<[number, number], Row>(
    `SELECT seq, event, version, payload, trace_id AS traceId, occurred_at_ms AS occurredAtMs
     FROM cleave_outbox WHERE seq > ? ORDER BY seq LIMIT likely(?)`,
  ),
  last: sqlite.prepare<[], { seq: number }>(
    "SELECT seq FROM sqlite_sequence WHERE name = 'cleave_outbox'",
  ),
  lastOf: sqlite.prepare<[number, string], { seq: number }>(
    `SELECT seq FROM cleave_outbox
     WHERE seq <= ? AND event IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT 1`,
  ),
  readers: sqlite.prepare<[], { name: string; events: string; position: number; since: string }>(
    "SELECT name, events, position, since FROM cleave_reader",
  ),
  putReader: sqlite.prepare<[string, string, number, string]>(
    `INSERT INTO cleave_reader (name, events, position, since) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET
       events = excluded.events, position = excluded.position, since = excluded.since`,
  ),
}));

/**
 * Writes an event into the outbox of the open transaction; it is published if that commits. Throws
 * a ContractError for a payload that does not fit its contract or is too large: one that no broker
 * takes would keep back all events after it.
 */
export function appendEvent(
  on: Read,
  event: EventType,
  { payload, traceId, nowMs }: { payload: unknown; traceId: string; nowMs: number },
): Envelope {
  const json = checked(event.payload, `The payload of ${fullName(event)}`).text(payload);
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

/** What the outbox needs of the module whose events it keeps. */
export interface OutboxHost {
  readonly module: string;
  readonly read: Read;
  readonly environment: Pick<Environment, "after">;
  readonly log: Log;
  transact<T>(work: (tx: Write) => T): Promise<T>;
}

/** A reader as it is known here. */
interface KnownReader extends Reader {
  /** By event, up to which seq it does not miss what was removed: it did not read it then. */
  readonly since: Readonly<Record<string, number>>;
}

/** A reader that misses events, and how many. */
export interface Missing extends Lost {
  readonly reader: string;
}

/**
 * The outbox as a log that the transport can read from any place.
 *
 * It reports a reader that is ahead of it, as after the producer alone was put back to an older
 * copy: that reader passes over what is published next, as over what it has had.
 *
 * It reports as well a reader that is behind what retention has removed, as after the consumer
 * alone was put back to an older copy, or was away for too long: that reader gets nothing until a
 * person decides.
 */
export class Outbox implements EventSource {
  readonly module: string;
  readonly database: string;
  readonly #host: OutboxHost;
  readonly #readers: Map<string, KnownReader>;
  /** The readers that miss events which were removed. */
  readonly #missing = new Map<string, Lost>();
  #removedUpTo: number;
  /** A seq that is surely in the log; most readers are at or before it. */
  #reached = 0;
  readonly #ahead = new Set<string>();
  #writing = false;
  /** The last seq, and at which commit it was. */
  #last = 0;
  #lastAt = -1;

  constructor(host: OutboxHost) {
    this.module = host.module;
    this.database = databaseId(host.read);
    this.#host = host;
    const rows = statements(host.read).readers.all();
    this.#readers = new Map(
      rows.map(({ name, events, position, since }) => [
        name,
        { events: JSON.parse(events), position, since: JSON.parse(since) },
      ]),
    );
    this.#removedUpTo = removedUpTo(host.read);
    for (const name of this.#readers.keys()) this.#seeWhatIsMissing(name);
  }

  after(seq: number, limit: number, events?: readonly string[]): Envelope[] {
    const { after, all } = statements(this.#host.read);
    const rows =
      events === undefined ? all.all(seq, limit) : after.all(seq, JSON.stringify(events), limit);
    return rows.map((row) => ({ module: this.module, ...row }));
  }

  lastSeq(): number {
    const commits = commitsOf(this.#host.read);
    if (commits !== this.#lastAt) {
      this.#last = statements(this.#host.read).last.get()?.seq ?? 0;
      this.#lastAt = commits;
    }
    return this.#last;
  }

  lastFor(name: string, seq: number): number {
    const reader = this.#readers.get(name);
    if (reader === undefined) return 0;
    const { read } = this.#host;
    const kept = statements(read).lastOf.get(seq, JSON.stringify(reader.events))?.seq;
    if (kept !== undefined || this.#removedUpTo === 0) return kept ?? 0;
    const removed = reader.events.map((event) => {
      const last = lastRemoved(read, event, seq);
      return last > (reader.since[event] ?? 0) ? last : 0;
    });
    return Math.max(0, ...removed);
  }

  misses(name: string): boolean {
    return this.#missing.has(name);
  }

  /** The readers that miss events which were removed. */
  get missing(): readonly Missing[] {
    return [...this.#missing].map(([reader, lost]) => ({ reader, ...lost }));
  }

  /** Takes in that retention has removed events. */
  noteRemoved(): void {
    const upTo = removedUpTo(this.#host.read);
    if (upTo === this.#removedUpTo) return;
    this.#removedUpTo = upTo;
    for (const name of this.#readers.keys()) this.#seeWhatIsMissing(name);
  }

  readers(): ReadonlyMap<string, Reader> {
    return this.#readers;
  }

  noteReader(name: string, told: Reader): void {
    const reader = { ...told, position: this.#withinLog(name, told.position) };
    const known = this.#readers.get(name);
    if (known !== undefined && isSame(known, reader)) return;
    this.#readers.set(name, { ...reader, since: this.#sinceOf(known, reader) });
    this.#seeWhatIsMissing(name);
    if (this.#writing) return;
    this.#writing = true;
    this.#host.environment.after(READERS_WRITTEN_AFTER_MS, () => this.#writeReaders());
  }

  /** A reader does not miss what was removed before it wanted it. */
  #sinceOf(known: KnownReader | undefined, { events, position }: Reader) {
    const since: Record<string, number> = {};
    for (const event of events) {
      const wasWanted = known === undefined ? position > 0 : known.events.includes(event);
      const upTo = wasWanted ? (known?.since[event] ?? 0) : this.#removedUpTo;
      if (upTo > 0) since[event] = upTo;
    }
    return since;
  }

  #seeWhatIsMissing(name: string): void {
    const reader = this.#readers.get(name);
    const lost = reader && this.#lostBy(reader);
    const known = this.#missing.get(name);
    if (lost === undefined || reader === undefined) {
      this.#missing.delete(name);
      return;
    }
    this.#missing.set(name, lost);
    // As more goes, the state tells of it.
    if (known !== undefined) return;
    const { module, log } = this.#host;
    const { count, isExact, upTo } = lost;
    log.error(
      `${name} misses ${isExact ? "" : "up to "}${count} events of ${module} after ` +
        `${reader.position} and up to ${upTo}, which were removed before it took them in. It ` +
        `takes in no more until a person decides: put ${name}.db back to a younger copy, or ` +
        `have it pass over them: POST /v1/admin/consumers/${name}/${module}/skip.`,
      { producer: module, reader: name, position: reader.position, count, isExact, upTo },
    );
  }

  #lostBy({ events, position, since }: KnownReader): Lost | undefined {
    if (position >= this.#removedUpTo) return undefined;
    const after = events.map((event) => [event, Math.max(position, since[event] ?? 0)] as const);
    return lostAfter(this.#host.read, new Map(after));
  }

  /** The position of a reader, or the end of the log: what is beyond it is reported once. */
  #withinLog(name: string, position: number): number {
    if (position <= this.#reached) return position;
    const lastSeq = this.lastSeq();
    this.#reached = lastSeq;
    if (position <= lastSeq) return position;
    if (this.#ahead.has(name)) return lastSeq;
    this.#ahead.add(name);
    const { module, log } = this.#host;
    log.error(
      `${name} says that it has taken in the events of ${module} up to ${position}, but they end ` +
        `at ${lastSeq}: it will pass over the next ones. See what ${name}.db says: SELECT ` +
        `position FROM cleave_inbox WHERE producer = '${module}'. If that is beyond ${lastSeq}, ` +
        `${module}.db was put back to an older copy: while both are stopped, put ${name}.db back ` +
        `to a copy as old, or number on after it in ${module}.db: UPDATE sqlite_sequence SET seq ` +
        `= (that position) WHERE name = 'cleave_outbox'. If it is not, somebody else reports in ` +
        `the name of ${name}: rotate its key.`,
      { producer: module, reader: name, position, lastSeq },
    );
    return lastSeq;
  }

  /** A failure is made good by the next write: what is written is only where to begin again. */
  #writeReaders(): void {
    this.#writing = false;
    const write = (tx: Write) => {
      const { putReader } = statements(tx);
      for (const [name, { events, position, since }] of this.#readers) {
        putReader.run(name, JSON.stringify(events), position, JSON.stringify(since));
      }
    };
    this.#host.transact(write).catch(() => {});
  }
}

function isSame(one: Reader, other: Reader): boolean {
  return (
    one.position === other.position &&
    one.events.length === other.events.length &&
    one.events.every((event, index) => event === other.events[index])
  );
}
