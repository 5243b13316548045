import { fullName } from "../contract/contract.ts";
import { ContractError } from "../contract/errors.ts";
import type { EventsState } from "../transport/report.ts";
import type { Transport } from "../transport/transport.ts";
import { countDeadLetters, type StoredDeadLetter } from "./dead-letters.ts";
import { Inbox, type InboxHost, type TracedTransaction } from "./inbox.ts";
import { LetterRetries } from "./letter-retries.ts";
import { type Reaction, react } from "./reaction.ts";

/** Takes in the events that a module reacts to, and tries again those that were set aside. */
export class Consumption {
  readonly retries: LetterRetries;
  readonly #module: string;
  readonly #host: Omit<InboxHost, "lettersDue">;
  readonly #reactions: readonly Reaction[];
  #inboxes: Inbox[] = [];

  constructor(
    module: string,
    {
      reactions,
      ...host
    }: Omit<InboxHost, "lettersDue"> & { readonly reactions: readonly Reaction[] },
  ) {
    this.#module = module;
    this.#host = host;
    this.#reactions = reactions;
    this.retries = new LetterRetries({
      ...host,
      reactTo: (tx, letter) => this.#reactTo(tx, letter),
    });
  }

  /** Begins where the database says that each producer's events were taken in. */
  start(transport: Pick<Transport, "subscribe">): void {
    const host = { ...this.#host, lettersDue: () => this.retries.notice() };
    for (const [producer, reactions] of byProducer(this.#reactions)) {
      const inbox = new Inbox(host, producer, reactions);
      this.#inboxes.push(inbox);
      transport.subscribe({
        consumer: this.#module,
        producer,
        events: reactions.map((one) => one.event.name),
        position: inbox.position,
        deliver: (envelopes) => inbox.deliver(envelopes),
      });
    }
    this.retries.start();
  }

  /** Has the event set aside at which the consumer of a producer has stopped, if it has. */
  pass(producer: string, seq: number): boolean {
    return this.#inboxes.find((one) => one.producer === producer)?.pass(seq) ?? false;
  }

  /** What stands still now. */
  get state(): EventsState {
    return {
      stopped: this.#inboxes.flatMap(({ stop }) => stop ?? []),
      deadLetters: countDeadLetters(this.#host.read),
    };
  }

  #reactTo(tx: TracedTransaction, { source, name, payload }: StoredDeadLetter): void {
    const reaction = this.#reactions.find(
      ({ event }) => event.module === source && fullName(event) === name,
    );
    if (reaction === undefined) {
      throw new ContractError(
        `${this.#module} does not react to ${name} any more. Discard the event.`,
      );
    }
    react(tx, reaction, payload);
  }
}

function byProducer(reactions: readonly Reaction[]): Map<string, Reaction[]> {
  const groups = new Map<string, Reaction[]>();
  for (const reaction of reactions) {
    const group = groups.get(reaction.event.module) ?? [];
    groups.set(reaction.event.module, group);
    group.push(reaction);
  }
  return groups;
}
