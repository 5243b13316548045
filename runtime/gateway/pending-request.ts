import { TimedWork } from "../resilience/deadlines.ts";

/** A request whose route has not answered yet. */
export class PendingRequest extends TimedWork {
  readonly #giveUp: () => void;

  constructor(dueAtMs: number, giveUp: () => void) {
    super(dueAtMs);
    this.#giveUp = giveUp;
  }

  override expire(): void {
    this.#giveUp();
  }
}
