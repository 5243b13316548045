import type { EventSource } from "../transport.ts";
import { databaseIn, seqIn } from "./event-wire.ts";
import type { Link } from "./link.ts";
import { eventSubject, streamOf } from "./subjects.ts";

/** A producer's stream as its relay finds it. */
export interface StreamState {
  /** The sequence of its last message, or 0. */
  readonly lastSeq: number;
  /**
   * The outbox's seq of its last message; 0 when there is none, or when it is no event of this
   * database.
   */
  readonly lastEvent: number;
  /** How it disagrees with itself or with the outbox, in words; undefined when it does not. */
  readonly damage: string | undefined;
}

/**
 * Reads the state of a producer's stream, of these consumers, and its last message: a few requests,
 * however long the stream is. What is damaged between its ends shows when a consumer gets there.
 *
 * Nothing but age and size takes a message out, and the oldest first, so a message that is missing
 * between others was lost, and so was one that a consumer has passed and the stream does not have.
 */
export async function streamState(
  connection: Link,
  source: EventSource,
  consumers: readonly string[],
): Promise<StreamState> {
  const stream = streamOf(source.module);
  // Before the stream itself, which only grows.
  const delivered = await Promise.all(
    consumers.map(async (name) => [name, await connection.delivered(stream, name)] as const),
  );
  const { messages, lastSeq, missing } = await connection.streamEnd(stream);
  const last = messages === 0 ? undefined : await connection.stored(stream, lastSeq);
  // The broker can be made to put another's events, with their seq there, into any stream.
  const isOwn = last?.subject.startsWith(eventSubject(source.module, "")) === true;
  const writer = isOwn ? databaseIn(last) : undefined;
  const isForeign = writer !== undefined && writer !== source.database;
  const lastEvent = (isOwn && !isForeign && seqIn(last)) || 0;
  const [reader, at] = delivered.find(([, seq = 0]) => seq > lastSeq) ?? [];
  const inOutbox = source.lastSeq();
  let damage: string | undefined;
  if (missing > 0) damage = `${missing} of the messages up to ${lastSeq} are missing`;
  else if (messages > 0 && last === undefined) damage = `message ${lastSeq} cannot be read`;
  else if (reader !== undefined) damage = `consumer ${reader} is at message ${at} of ${lastSeq}`;
  else if (isForeign)
    damage = `its events are of the database ${writer}, the module now has ${source.database}`;
  else if (lastEvent > inOutbox) damage = `it has event ${lastEvent}, the outbox ${inOutbox}`;
  return { lastSeq, lastEvent, damage };
}
