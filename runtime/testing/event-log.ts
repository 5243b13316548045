import type { Envelope, EventSource, Reader } from "../transport/transport.ts";

const TRACE_ID = "0123456789abcdef0123456789abcdef";

/** A producer's log in memory. */
export class Log implements EventSource {
  readonly module = "shelf";
  readonly database: string;
  readonly all: Envelope[] = [];
  readonly #readers = new Map<string, Reader>();

  constructor(database = "a database") {
    this.database = database;
  }

  /** Appends events of these names; returns their envelopes. */
  append(...names: readonly string[]): Envelope[] {
    const added = names.map((name, index) => envelope(this.all.length + index + 1, name));
    this.all.push(...added);
    return added;
  }

  after(seq: number, limit: number, events?: readonly string[]): Envelope[] {
    const wanted = (one: Envelope) => events === undefined || events.includes(one.event);
    return this.all.filter((one) => one.seq > seq && wanted(one)).slice(0, limit);
  }

  misses(): boolean {
    return false;
  }

  lastFor(reader: string, seq: number): number {
    const events = this.#readers.get(reader)?.events ?? [];
    return this.all.findLast((one) => one.seq <= seq && events.includes(one.event))?.seq ?? 0;
  }

  readers(): ReadonlyMap<string, Reader> {
    return this.#readers;
  }

  noteReader(name: string, reader: Reader): void {
    this.#readers.set(name, reader);
  }

  lastSeq(): number {
    return this.all.length;
  }
}

function envelope(seq: number, name: string): Envelope {
  const payload = JSON.stringify({ seq });
  return {
    module: "shelf",
    event: name,
    version: 1,
    seq,
    traceId: TRACE_ID,
    occurredAtMs: seq,
    payload,
  };
}

/** A consumer that notes the seqs it gets; `refuse` has its next deliveries fail. */
export function consumer(name: string, events: readonly string[], position = 0) {
  const seqs: number[] = [];
  let refusals = 0;
  const fresh = (envelopes: readonly Envelope[]) =>
    envelopes.map(({ seq }) => seq).filter((seq) => seq > Math.max(position, ...seqs));
  return {
    seqs,
    refuse(times: number) {
      refusals = times;
    },
    subscription: {
      consumer: name,
      producer: "shelf",
      events,
      position,
      async deliver(envelopes: readonly Envelope[]) {
        if (refusals-- > 0) throw new Error("The disk is full.");
        seqs.push(...fresh(envelopes));
      },
    },
  };
}
