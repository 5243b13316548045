import { TimedWork } from "../resilience/deadlines.ts";
import type { Exchange } from "./exchange.ts";

/** The time that a request may take unless a gateway is given another, in milliseconds. */
export const REQUEST_DEADLINE_MS = 10_000;

/** A request whose route has not answered yet. */
export class PendingRequest extends TimedWork {
  readonly exchange: Exchange;
  readonly #giveUp: () => void;

  constructor(dueAtMs: number, exchange: Exchange, giveUp: () => void) {
    super(dueAtMs);
    this.exchange = exchange;
    this.#giveUp = giveUp;
  }

  override expire(): void {
    this.#giveUp();
  }
}
