import type { Seeded } from "../seeded.ts";
import type { JetStream } from "./jet-stream.ts";
import type { Stream } from "./stream.ts";

/** By how much a damaged consumer is beyond the end of its stream, at most. */
const BEYOND_MAX = 50;

/** What becomes of a stream whose files were damaged, as nats-server 2.9 and 2.15 have it. */
const damages: Record<string, (stream: Stream, seed: Seeded) => void> = {
  /** Messages between the first and the last cannot be read any more. */
  "lost its middle": (stream, seed) => loseSome(stream, seed),
  /** The last message is gone, and its index of subjects: no consumer finds anything any more. */
  "lost its index": (stream) => {
    stream.loseLast();
    stream.isDeaf = true;
  },
  /** The index alone is gone: nothing that is asked for tells of it. */
  "lost its index in silence": (stream) => {
    stream.isDeaf = true;
  },
  /** The second half is gone; its consumers are where they were. */
  "lost its end": (stream, seed) => stream.truncate(seed.below(stream.lastSeq)),
  /** As many are gone for those who ask, but what follows is expected where the end was. */
  "refuses what follows": (stream, seed) => {
    stream.truncate(seed.below(stream.lastSeq));
    stream.isRefusing = true;
  },
  /** A write has met a full disk: nothing is taken any more, and nobody is told, as with 2.15. */
  "takes nothing": (stream) => {
    stream.isSilent = true;
  },
  /** Its consumers are somewhere else: before, or beyond the end. */
  "moved its consumers": (stream, seed) => {
    const to = seed.below(stream.lastSeq + BEYOND_MAX);
    for (const consumer of stream.consumers.values()) consumer.moveTo(to);
  },
};

/** A way in which a stream is damaged. */
export type StreamDamage = keyof typeof damages;

/** Damages one stream in some way, or in this way. */
export function damage(
  jetStream: JetStream,
  { seed, way }: { readonly seed: Seeded; readonly way?: StreamDamage },
): void {
  const streams = [...jetStream.streams.values()].filter(({ lastSeq }) => lastSeq > 0);
  const stream = streams[seed.below(streams.length)];
  if (stream === undefined) return;
  const ways = Object.keys(damages);
  const chosen = way ?? ways[seed.below(ways.length)] ?? "";
  stream.noteDamage(chosen);
  damages[chosen]?.(stream, seed);
}

function loseSome(stream: Stream, seed: Seeded): void {
  const first = stream.firstSeq + seed.below(stream.lastSeq - stream.firstSeq + 1);
  const last = first + seed.below(stream.lastSeq - first + 1);
  for (let sequence = first; sequence <= last; sequence++) stream.lose(sequence);
}
