/** A message as it arrives. */
export interface Message {
  readonly subject: string;
  /** Where an answer is to go; nothing, or empty, when none is asked for. */
  readonly reply?: string | undefined;
  readonly headers?: Headers | undefined;
  /** The payload as text. */
  string(): string;
}

/** The headers of a message. A missing one is the empty string. */
interface Headers {
  /** 0, or what the broker says of itself: 503 when nobody listens to a request. */
  readonly code: number;
  get(name: string): string;
  has(name: string): boolean;
}

/** What may go with a message. */
export interface Sending {
  /** Where the answer is to go. */
  readonly reply?: string;
  /** Lines of `name: value`, each with a line end of its own (CR LF). */
  readonly headers?: string;
}

/** An interest in subjects. */
export interface Listening {
  readonly isClosed: boolean;
  /** Ends the interest, and resolves when what had come by then was handed over. */
  drain(): Promise<void>;
}

/** A message of a stream, for one of its readers. */
export interface Delivered extends Message {
  /** Says that it was taken in. It may come again all the same. */
  ack(): void;
}

/** A consumer that is being read. */
export interface Reading {
  /** Resolves when it ended: it was closed, or is gone at the broker. */
  readonly ended: Promise<unknown>;
  close(): Promise<unknown>;
}

/** How far a stream goes. */
export interface StreamEnd {
  readonly messages: number;
  readonly lastSeq: number;
  /** How many messages between the first and the last are not there. */
  readonly missing: number;
}

/**
 * One user's connection to a broker, as far as the transport needs it: NATS by its client, or a
 * simulated one.
 *
 * What is published while it is not up is dropped, and what was sent shortly before a loss may be
 * lost: look at `isUp` first, and hear of a loss by `onDown`. It connects again by itself for as
 * long as it lives, and then listens and reads as before.
 */
export interface Link {
  readonly url: string;
  /** The name of a module, or `gateway` and the like: the owner of the inbox. */
  readonly user: string;
  /** False from the moment of a loss until it is connected again. */
  readonly isUp: boolean;
  /** True once it was closed for good. */
  readonly isClosed: boolean;
  /** How many messages were sent and received so far. */
  readonly messages: number;
  /** The largest payload that the broker takes, in bytes. */
  readonly payloadBytesMax: number;
  /** Has `work` run at each loss of the connection. */
  onDown(work: () => void): void;
  /** Has `work` run each time the connection is there again after a loss. */
  onUp(work: () => void): void;
  /** Has `work` run with the subject of each message that this user may not publish. */
  onRefused(work: (subject: string) => void): void;
  /** Listens to a subject, alone or as one of a queue group that shares what comes. */
  listen(
    subject: string,
    take: (message: Message) => void,
    among?: { readonly queue: string },
  ): Listening;
  /**
   * Sends a message, at most once. Where a reply is asked for and nobody listens, the broker
   * answers with code 503.
   */
  publish(subject: string, payload: Uint8Array | string, about?: Sending): void;
  /** Resolves when the broker has taken what was sent. */
  flush(): Promise<void>;
  /**
   * Appends to the stream of the subject, if its last sequence is `lastSequence`; rejects when it
   * is another, or when the broker does not say in time.
   */
  append(
    subject: string,
    payload: string,
    about: { readonly headers: string; readonly lastSequence: number; readonly timeoutMs: number },
  ): Promise<void>;
  /** Asks how far a stream goes. Rejects when there is none, or no answer. */
  streamEnd(stream: string): Promise<StreamEnd>;
  /**
   * Asks for the sequence of the last message that a consumer has delivered; 0 when it has none,
   * undefined when there is no such consumer.
   */
  delivered(stream: string, consumer: string): Promise<number | undefined>;
  /** Reads one message of a stream; undefined when it is not there. */
  stored(stream: string, sequence: number): Promise<Message | undefined>;
  /** Reads a stream through a consumer, at most `aheadMax` messages ahead of their acks. */
  read(
    about: { readonly stream: string; readonly consumer: string; readonly aheadMax: number },
    take: (message: Delivered) => void,
  ): Promise<Reading>;
  /** Sends what is buffered and closes. */
  close(): Promise<void>;
  /** Ends at once, as a crash would have it end. For tests. */
  abandon(): Promise<void>;
}
