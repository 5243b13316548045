import { type Static, t } from "../contract/schema.ts";

/** How much is asked of a module in this process, by whomever. */
export interface Traffic {
  /** Calls being worked on, and worked on since the start, and those that failed by a defect. */
  readonly inFlight: number;
  readonly calls: number;
  readonly errors: number;
}

/** The topology that an instance was started with, so that somebody can tell who is missing. */
export interface TopologyFacts {
  readonly name: string;
  /** The names of all its instances. */
  readonly instances: readonly string[];
}

const count = t.Integer({ minimum: 0 });
const time = t.Number({ minimum: 0 });

/** A circuit breaker of an instance: what it guards, and how it stands. */
const circuitSchema = t.Object({
  module: t.String(),
  /**
   * Whom it guards against: an instance, `any instance` while none was heard of, or what stands
   * behind a port of the module.
   */
  instance: t.String(),
  /** The procedure that it guards, as in `inventory.holdStock`; an older version tells none. */
  procedure: t.Optional(t.String()),
  kind: t.Union([t.Literal("query"), t.Literal("command"), t.Literal("port")]),
  state: t.Union([t.Literal("closed"), t.Literal("open"), t.Literal("half-open")]),
});

/** An instance as another one hears it; `silent` has not given a sign of life for too long. */
const neighbourSchema = t.Object({
  module: t.String(),
  instance: t.String(),
  state: t.Union([t.Literal("up"), t.Literal("draining"), t.Literal("silent")]),
});

/** A consumer that has stopped at an event and keeps its position, and why. */
const stopSchema = t.Object({
  producer: t.String(),
  event: t.String(),
  seq: count,
  sinceMs: time,
  attempts: count,
  error: t.String(),
  /** True when nothing can be written; else the reactions to one event after another fail. */
  isStorage: t.Boolean(),
});

/** A reader of a module's events that misses some, which were removed; the last is `upTo`. */
const missingSchema = t.Object({
  reader: t.String(),
  count,
  isExact: t.Boolean(),
  upTo: count,
});

/** How many of something wait for a person, and since when the oldest does. */
const waitingSchema = t.Object({ count, oldestAtMs: t.Union([time, t.Null()]) });

/** What stands still in a module: events that it takes in or publishes, and its sagas. */
const eventsSchema = t.Object({
  stopped: t.Array(stopSchema),
  missing: t.Array(missingSchema),
  deadLetters: waitingSchema,
  /** An older version does not tell them. */
  stuckSagas: t.Optional(waitingSchema),
});

/** Synchronous work that blocked the event loop of its process for too long, in the last hour. */
const blockingSchema = t.Object({
  module: t.String(),
  what: t.String(),
  count,
  longestMs: time,
  lastAtMs: time,
});

/** What one module of an instance, or its gateway, says of itself to those who run the system. */
export const reportSchema = t.Object({
  /** The module, or `gateway`. */
  name: t.String(),
  instance: t.String(),
  role: t.Union([t.Literal("owner"), t.Literal("reader"), t.Literal("gateway")]),
  state: t.Union([t.Literal("up"), t.Literal("draining")]),
  version: t.String(),
  startedAtMs: time,
  /** Milliseconds since then by a clock that never jumps. */
  upMs: time,
  /** All that is placed in the same process, by the names of their reports. */
  placement: t.Array(t.String()),
  topology: t.Union([t.Object({ name: t.String(), instances: t.Array(t.String()) }), t.Null()]),
  /** Null for a gateway, of which nothing is asked in this way. */
  traffic: t.Union([t.Object({ inFlight: count, calls: count, errors: count }), t.Null()]),
  circuits: t.Array(circuitSchema),
  neighbours: t.Array(neighbourSchema),
  /** The readers elsewhere, and how many places of the module's log they are behind. */
  readers: t.Array(t.Object({ reader: t.String(), behind: count })),
  /** Only the owner of a module knows; an older version does not tell it. */
  events: t.Optional(eventsSchema),
  /** The last process that wanted to own the module too, and when it was refused, if one did. */
  refusedOwner: t.Optional(t.Object({ place: t.String(), atMs: time })),
  /** An older version does not tell it. */
  blocking: t.Optional(t.Array(blockingSchema)),
});

export type Report = Static<typeof reportSchema>;
export type EventsState = Static<typeof eventsSchema>;
export type Stop = Static<typeof stopSchema>;
export type Circuit = Static<typeof circuitSchema>;
export type Neighbour = Static<typeof neighbourSchema>;
