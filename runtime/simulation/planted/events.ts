import type { PlantedBug } from "../plant.ts";

/** Bugs in how events are taken in and carried. */
export const eventBugs: readonly PlantedBug[] = [
  {
    name: "the inbox does not check",
    why: "An event whose commit was reported as failed, but lasted, is reacted to twice.",
    file: "runtime/messaging/inbox.ts",
    find: "          if (envelope.seq <= position) continue;\n",
    replace: "",
    says: /sent twice|times|more was refunded|and not so many left/,
    faults: { "commit-unknown": 0.02 },
  },
  {
    name: "an event is taken in before its effect is committed",
    why: "A process that is killed between the two transactions never reacts to the event.",
    file: "runtime/messaging/inbox.ts",
    find: `      await this.#host.transact((tx) => {
        const { position, setAside: before } = placeOf(tx, this.producer);`,
    replace: `      const { position, setAside: before } = placeOf(this.#host.read, this.producer);
      await this.#host.transact((tx) => {
        if (seq > position) statements(tx).move.run(this.producer, seq, before);
      });
      await this.#host.transact((tx) => {`,
    says: /has no mail|no mail tells of|was welcomed 0 times/,
    faults: { kill: 0.02 },
  },
  {
    name: "a reaction is not over when its transaction ends",
    why: "An asynchronous reaction is let through: the position moves, and its effect is lost.",
    file: "runtime/messaging/reaction.ts",
    find: "  synchronous(work(tx, copy(JSON.parse(payload)) as never), nameOf(event));",
    replace: `  const later = async () => {
    await undefined;
    work(tx, copy(JSON.parse(payload)) as never);
  };
  later().catch(() => {});`,
    says: /has no mail|no mail tells of|welcomed 0 times|has not ended|not at rest/,
  },
  {
    name: "the relay gives up after a refusal",
    why: "An event that the stream did not take, and all after it, are never handed over again.",
    file: "runtime/transport/nats/relay.ts",
    find: `        // Those behind it are refused as well: their sequence does not come either.
        this.#later(error);`,
    replace: "this.#closed = true;",
    says: /has taken in the events/,
    topology: "split",
    faults: { "message-lost": 0.1 },
  },
  {
    name: "a reader of events ignores their order",
    why: "An event that is late is taken for one that was taken in, since a later one was.",
    file: "runtime/transport/nats/event-reader.ts",
    find: "      if (arrived.after > this.#lined) break;\n",
    replace: "",
    says: /has no mail|no mail tells of|welcomed 0 times|has not ended|not at rest/,
    topology: "split",
    faults: { "message-lost": 0.02 },
  },
  {
    name: "an event is acknowledged that was not taken in",
    why: "What could not be written is passed over, and nobody hands it over again.",
    file: "runtime/transport/nats/event-reader.ts",
    find: `        );
        continue;
      }`,
    replace: `        );
      }`,
    says: /has no mail|no mail tells of|welcomed 0 times|has not ended|not at rest/,
    topology: "split",
    faults: { "disk-busy": 0.4 },
  },
  {
    name: "an event that could not be written waits for long",
    why: "What a busy disk did not take is taken in a quarter of an hour later.",
    file: "runtime/transport/nats/event-reader.ts",
    find: "const DELIVER_PAUSE_MS = 1_000;",
    replace: "const DELIVER_PAUSE_MS = 900_000;",
    says: /^For more than 5 minutes .* has taken in the events/m,
    topology: "split",
    faults: { "disk-busy": 0.4 },
  },
  {
    name: "the relay rests for long after a refusal",
    why: "Events wait for ten minutes because one answer of the broker was lost.",
    file: "runtime/transport/nats/relay.ts",
    find: "const PAUSE_FIRST_MS = 100;\nconst PAUSE_MAX_MS = 5_000;",
    replace: "const PAUSE_FIRST_MS = 600_000;\nconst PAUSE_MAX_MS = 600_000;",
    says: /^For more than 5 minutes .* has taken in the events/m,
    topology: "split",
    faults: { "message-lost": 0.1 },
  },
  {
    name: "a damaged stream is left as it is",
    why: "Its consumers are delivered nothing any more, and nobody makes it anew.",
    file: "runtime/transport/nats/rebuild-requests.ts",
    find: "    connection.publish(rebuildSubject(module), rebuildPayload(reason));\n",
    replace: "",
    says: /has taken in the events/,
    topology: "split",
    faults: { "stream-damaged": 0.02 },
  },
  {
    name: "an event that is set aside is not tried again",
    why: "What failed while a bad version ran is a dead letter for good.",
    file: "runtime/messaging/inbox.ts",
    find: "const nextAttemptAtMs = firstRetryAtMs(error, tx.now);",
    replace: "const nextAttemptAtMs = null;",
    says: /it gave up the event/,
    faults: { "reactions-fail": 0.01 },
  },
  {
    name: "a consumer that has stopped looks for long whether it can go on",
    why: "Events wait for a quarter of an hour for a version that was bad for a minute.",
    file: "runtime/messaging/inbox.ts",
    find: "const PROBE_FIRST_MS = 1_000;\nconst PROBE_MAX_MS = 30_000;",
    replace: "const PROBE_FIRST_MS = 900_000;\nconst PROBE_MAX_MS = 900_000;",
    says: /^For more than 5 minutes .* has taken in the events/m,
    faults: { "reactions-fail": 0.02 },
  },
];
