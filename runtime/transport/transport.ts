import type { Procedure } from "../contract/contract.ts";
import type { Identity } from "../contract/identity.ts";
import type { BlockingWork } from "../telemetry/loop-watch.ts";
import type { OwnershipConflict } from "./ownership-conflict.ts";
import type { Circuit, EventsState, Traffic } from "./report.ts";

/** What goes with every call, beside its input. */
export interface CallRequest {
  /** The module that calls, or `gateway`. */
  readonly caller: string;
  readonly identity: Identity;
  readonly traceId: string;
  /** When the caller stops waiting, in milliseconds of the environment's monotonic clock. */
  readonly deadlineAtMs: number;
  /** How much time the caller gave, in milliseconds; undefined for a job of the module itself. */
  readonly timeoutMs?: number | undefined;
  /** The idempotency key, unique for the caller. */
  readonly key: string | undefined;
  /**
   * The caller's low-water mark, in milliseconds since 1970: it may still repeat keyed commands
   * that it has sent since then. Undefined when it keeps to the time that answers are kept for.
   */
  readonly repeatsSinceMs?: number | undefined;
  /** True for a query whose answer shall be its JSON text, to be passed on as it is. */
  readonly asText: boolean;
  /** Aborts when the caller gives the call up; undefined when it never will. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The input as the caller's process sent it, by its version of the contract; undefined when that
   * is this process. By it a repeated command is known, whatever the version of who answers.
   */
  readonly sent?: unknown;
}

/**
 * Runs a procedure of a module that is here. It checks and copies the input before it returns; the
 * promise gives a checked copy of the output, or rejects at the request's deadline. Once the
 * request's signal has aborted it begins nothing and commits nothing.
 */
export type Serve = (
  procedure: Procedure,
  input: unknown,
  request: CallRequest,
) => Promise<unknown>;

/** One event as it travels: the fact, and its place in the producer's log. */
export interface Envelope {
  readonly module: string;
  readonly event: string;
  readonly version: number;
  /** Its place in the producer's log: from 1, without gaps. */
  readonly seq: number;
  readonly traceId: string;
  readonly occurredAtMs: number;
  /** The payload as JSON. */
  readonly payload: string;
}

/** A delivery that a consumer puts off: it is to be made again after a pause, and not before. */
export class DeliveryPostponed extends Error {
  override readonly name = "DeliveryPostponed";
  readonly afterMs: number;

  constructor(afterMs: number, options?: { cause?: unknown }) {
    super(`The events are to be delivered again in ${afterMs} ms.`, options);
    this.afterMs = afterMs;
  }
}

/** A module's interest in the events of another. */
export interface Subscription {
  readonly consumer: string;
  readonly producer: string;
  readonly events: readonly string[];
  /** The last seq that the consumer has durably taken in. */
  readonly position: number;
  /**
   * Takes in events in the producer's order. Resolves when they are durable at the consumer; it
   * never rejects for one bad event. Events at or below the position are ignored, so redelivery is
   * harmless: after a rejection they are delivered again, after the pause that a DeliveryPostponed
   * names.
   */
  readonly deliver: (envelopes: readonly Envelope[]) => Promise<void>;
}

/** Another module that reads a producer's events. */
export interface Reader {
  readonly events: readonly string[];
  /** The seq of the last event that it has durably taken in. */
  readonly position: number;
}

/** What a transport does for a subscription. */
export interface Delivery {
  /** Goes on after this seq: the consumer has decided to pass over what comes before. */
  skipTo(position: number): void;
}

/** A producer's log, for the transport to read. */
export interface EventSource {
  readonly module: string;
  /** The id of the module's database. */
  readonly database: string;
  /** Events after `seq` in order, at most `limit`: those of the given names, or all. */
  after(seq: number, limit: number, events?: readonly string[]): Envelope[];
  /** The seq of the newest event, or 0. */
  lastSeq(): number;
  /**
   * The seq of the newest event that a known reader wants, at or before `seq`, or 0. It may have
   * been removed: then the reader misses it unless it has taken it in.
   */
  lastFor(reader: string, seq: number): number;
  /** True when events that a reader wants were removed before it took them in. */
  misses(reader: string): boolean;
  /** Who is known to read, by name. What is known outlives the process. */
  readers(): ReadonlyMap<string, Reader>;
  /** Notes how far a reader has come. It is written a little later: a crash may forget the last. */
  noteReader(name: string, reader: Reader): void;
}

/** A module's procedures, as an instance offers them. */
export interface Offer {
  readonly module: string;
  readonly procedures: readonly Procedure[];
  /** True for an instance that reads the module's database beside its owner: queries only. */
  readonly isReader: boolean;
  /** How much is asked of it, over this transport or another. */
  readonly traffic: () => Traffic;
  /** The circuits before what its ports reach, if it has any. */
  readonly circuits?: () => readonly Circuit[];
  /** What of it has blocked the event loop of its process, where that is watched. */
  readonly blocking?: () => readonly BlockingWork[];
  /** What stands still in the events that it takes in, where it does that. */
  readonly events?: () => EventsState;
}

/** A process's claim to be the one owner of a module, among all that it can meet. */
export interface OwnershipClaim {
  readonly module: string;
  /** The id of the module's database. */
  readonly database: string;
  /** Is told when another process took the ownership while this one was cut off from it. */
  readonly onLost: (conflict: OwnershipConflict) => void;
}

/** Carries calls and events between modules, in this process or to others. */
export interface Transport {
  /**
   * Claims a module, before it is served, publishes or consumes; until the transport is closed.
   * Resolves when no other process owns the module, whatever data folder that has; rejects with an
   * OwnershipConflict when one does.
   */
  own(claim: OwnershipClaim): Promise<void>;

  /**
   * Offers a module's procedures. Returns a function that takes the offer back, and resolves when
   * what had come in by then is answered.
   */
  serve(offer: Offer, serve: Serve): () => Promise<void>;

  /**
   * Calls a procedure. Rejects with a TransportError UNREACHABLE, `executed: "no"`, when nobody
   * serves the module, DEADLINE, `executed: "unknown"`, when the request's time is over first, and
   * CANCELLED, `"unknown"`, as soon as the request's signal aborts.
   */
  call(procedure: Procedure, input: unknown, request: CallRequest): Promise<unknown>;

  /** Offers a module's log. Returns what to call after each commit that added events to it. */
  publish(source: EventSource): (envelopes: readonly Envelope[]) => void;

  /**
   * Delivers a producer's events from the position on, now and later. It delivers nothing while the
   * producer has removed some of them; `skipTo` passes over those.
   */
  subscribe(subscription: Subscription): Delivery;

  /** Resolves when what was offered until now can be called by others. */
  ready(): Promise<void>;

  /** Resolves when every subscription has been given what its producer has published. */
  idle(): Promise<void>;

  /** True while events are being delivered. */
  busy(): boolean;

  /** Stops deliveries after those under way. */
  close(): Promise<void>;
}
