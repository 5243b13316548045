import type { Nats } from "./broker.ts";

/** Rounds in which nothing is sent or received before it counts as still. */
const CALM_ROUNDS = 8;
const TURNS_A_ROUND = 4;
/** Real milliseconds that an event may take on its way through the broker without a sign. */
const EVENT_MS = 25;

/** Tells when everything that can happen over NATS, with the clock standing still, has happened. */
export class Stillness {
  readonly #nats: Nats;
  #flushedAt = -1;

  constructor(nats: Nats) {
    this.#nats = nats;
  }

  /** Resolves when nothing is on its way, and nothing was set off for a while. */
  async come(): Promise<void> {
    for (let calm = 0, waitedMs = 0; calm < CALM_ROUNDS; ) {
      await turns(TURNS_A_ROUND);
      if (this.#nats.messages() !== this.#flushedAt) {
        await this.flush();
        calm = 0;
        waitedMs = 0;
      } else if (this.#nats.eventsUnderway() && waitedMs < EVENT_MS) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        waitedMs += 1;
      } else {
        calm += 1;
      }
    }
  }

  /** Resolves when what was sent has arrived. */
  async flush(): Promise<void> {
    this.#flushedAt = this.#nats.messages();
    await this.#nats.flush();
  }
}

/** Lets the event loop go round. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
