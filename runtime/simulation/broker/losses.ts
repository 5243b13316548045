import type { Seeded } from "../seeded.ts";
import type { JetStream } from "./jet-stream.ts";
import type { Stream } from "./stream.ts";

/** How much of the end of a stream may not be on the disk: a server syncs it every two minutes. */
const UNSYNCED_MS = 120_000;
/** How old the state of a consumer on the disk may be. */
const STATE_AGE_MS = 300;

/**
 * What a broker has lost when it comes back after its machine failed: ends of streams, acks, whole
 * consumers.
 *
 * A consumer that is ahead of a stream cut short stays ahead, as nats-server 2.9 has it: what is
 * appended where it has been already is not handed to it.
 */
export function loseUnsynced(jetStream: JetStream, { seed, nowMs }: Loss): void {
  for (const stream of jetStream.streams.values()) {
    if (seed.next() < 0.5) cut(stream, { seed, oldestAtMs: nowMs - UNSYNCED_MS });
    for (const consumer of [...stream.consumers.values()]) {
      const draw = seed.next();
      if (draw < 0.15) stream.deleteConsumer(consumer.name);
      else if (draw < 0.7) consumer.forgetSince(nowMs - seed.between(0, STATE_AGE_MS));
    }
  }
}

/** Has one stream be as it was some time ago, and most times its consumers with it. */
export function rewind(jetStream: JetStream, { seed }: Loss): void {
  const streams = [...jetStream.streams.values()].filter(({ lastSeq }) => lastSeq > 0);
  const stream = streams[seed.below(streams.length)];
  if (stream === undefined) return;
  cut(stream, { seed, oldestAtMs: 0 });
  if (seed.next() < 0.25) return;
  for (const consumer of stream.consumers.values()) consumer.goBackToEnd();
}

/** When something is lost, and what decides how much. */
export interface Loss {
  readonly seed: Seeded;
  readonly nowMs: number;
}

function cut(
  stream: Stream,
  { seed, oldestAtMs }: { readonly seed: Seeded; readonly oldestAtMs: number },
): void {
  const last = stream.lastSeq;
  let safe = last;
  while (safe > 0 && (stream.at(safe)?.atMs ?? 0) >= oldestAtMs) safe -= 1;
  if (safe === last) return;
  stream.truncate(safe + seed.below(last - safe));
}
