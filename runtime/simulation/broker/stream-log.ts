import type { SentMessage } from "./sent-message.ts";

/** A message that a stream keeps. */
export interface Kept {
  readonly message: SentMessage;
  readonly sequence: number;
  /** When it was appended. */
  readonly atMs: number;
}

/** What a consumer reads from. */
export interface Log {
  readonly name: string;
  /** The sequence of the first message that there is, or of the next one. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** True when nothing that is there is found by its consumers. */
  readonly isDeaf: boolean;
  /** The message; undefined when it is not there, or cannot be read. */
  at(sequence: number): Kept | undefined;
}

/** Who pulls from a consumer: one reading of one connection. */
export interface Puller {
  /** False once its connection is gone at the broker, or the reading is over. */
  readonly isThere: boolean;
  hand(kept: Kept): void;
  /** Says that the consumer is gone. */
  end(): void;
}
