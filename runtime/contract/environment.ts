/**
 * Time, randomness, ids and the event loop, as everything in Cleave gets them: by argument. The
 * host gives the real ones, tests and the simulation their own.
 */
export interface Environment {
  /** Milliseconds since 1970. It may jump: use it for what is stored or shown. */
  now(): number;
  /** Milliseconds from some start. It never jumps: use it for deadlines and durations. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Bytes that nobody can guess. */
  randomBytes(count: number): Uint8Array;
  /** A new id: the prefix, an underscore and a UUIDv7. */
  newId(prefix: string): string;
  /** A new trace id: 32 lower-case hexadecimal digits. */
  newTraceId(): string;
  /**
   * Runs `work` once, after `delayMs` of the monotonic clock, however long. Returns a function that
   * takes it back. Use it for durations.
   */
  after(delayMs: number, work: () => void): () => void;
  /**
   * Runs `work` once, as soon as `now()` has reached `atMs`, and at most a minute later when the
   * clock jumps or the machine was suspended. Returns a function that takes it back. Use it for
   * points in time.
   */
  at(atMs: number, work: () => void): () => void;
  /** Runs `work` soon, after what the event loop already holds. */
  defer(work: () => void): void;
  /** Marks a named point that a test may crash at. It does nothing otherwise. */
  reach(point: string): void;
}
