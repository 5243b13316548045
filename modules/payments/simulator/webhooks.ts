import type { World } from "#runtime";
import type { Journal, Line } from "./journal.ts";
import { signature } from "./signature.ts";

/** Brings a signed body to the shop; true when the shop has taken it in. */
export type Deliver = (body: string, signature: string) => Promise<boolean>;

const ATTEMPTS_MAX = 14;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60 * 60_000;
const SPREAD_MS = 400;
/** The share of webhooks that are sent twice. */
const DOUBLED = 0.25;
const POST_MS = 10_000;
const UNDER_WAY_MAX = 10_000;

/** Delivers by HTTP POST, as a provider does. */
export function posting(url: string): Deliver {
  return async (body, signed) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "webhook-signature": signed },
      body,
      signal: AbortSignal.timeout(POST_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  };
}

/**
 * Sends webhooks as providers do: at least once, out of order, some twice, and again with growing
 * pauses, for some hours, until the shop answers with success. What is owed is in the journal, so
 * a crash does not lose it.
 */
export class Webhooks {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #secret: string;
  readonly #deliver: Deliver;
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(
    world: World,
    options: { readonly journal: Journal; readonly secret: string; readonly deliver: Deliver },
  ) {
    this.#world = world;
    this.#journal = options.journal;
    this.#secret = options.secret;
    this.#deliver = options.deliver;
    for (const line of this.#journal.owed().slice(-UNDER_WAY_MAX)) this.send(line);
  }

  /** Plans a webhook; shuffled by chance, now and then doubled. */
  send(line: Line): void {
    if (line.event === null || this.#timers.size >= UNDER_WAY_MAX) return;
    const [id, type] = line.event;
    const created = Math.floor(line.atMs / 1000);
    const body = JSON.stringify({ id, type, created, data: { object: line.intent } });
    const by = (mostMs: number) => Math.floor(this.#world.random() * mostMs);
    const delayMs = by(SPREAD_MS);
    const twice = this.#world.random() < DOUBLED;
    this.#after(delayMs, () => this.#attempt({ id, body }, 1));
    if (twice) this.#after(by(4 * SPREAD_MS), () => this.#post(body));
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  async #attempt(event: { id: string; body: string }, n: number): Promise<void> {
    const taken = await this.#post(event.body);
    if (this.#closed) return;
    if (taken || n >= ATTEMPTS_MAX) {
      if (!taken) this.#world.log.warn("webhook given up", { eventId: event.id, attempts: n });
      return this.#settle(event.id);
    }
    const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** (n - 1), PAUSE_MAX_MS);
    this.#after(pauseMs, () => this.#attempt(event, n + 1));
  }

  /** Remembers that nothing is owed any more; on a full disk a little later. */
  #settle(eventId: string): void {
    try {
      this.#journal.settled(eventId);
    } catch (error) {
      this.#world.log.warn("the end of a webhook could not be written", { eventId, error });
      this.#after(PAUSE_FIRST_MS, async () => this.#settle(eventId));
    }
  }

  async #post(body: string): Promise<boolean> {
    try {
      return await this.#deliver(body, signature(this.#secret, body, this.#world.now()));
    } catch (error) {
      this.#world.log.debug("webhook not delivered", { error });
      return false;
    }
  }

  #after(delayMs: number, work: () => Promise<unknown>): void {
    const cancel = this.#world.after(delayMs, () => {
      this.#timers.delete(cancel);
      void work();
    });
    this.#timers.add(cancel);
  }
}
