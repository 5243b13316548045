import type { Listening, Message } from "../../transport/nats/link.ts";
import type { Taker } from "./pipe.ts";

/** An interest in subjects at its link. */
export class SimulatedListening implements Listening, Taker {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #hand: (message: Message) => void;
  readonly #end: (listening: SimulatedListening) => Promise<void>;
  #drained: Promise<void> | undefined;
  isClosed = false;

  constructor(
    about: { readonly subject: string; readonly queue: string | undefined },
    hand: (message: Message) => void,
    end: (listening: SimulatedListening) => Promise<void>,
  ) {
    this.subject = about.subject;
    this.queue = about.queue;
    this.#hand = hand;
    this.#end = end;
  }

  take(message: Message): void {
    if (!this.isClosed) this.#hand(message);
  }

  drain(): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error(`${this.subject} is not listened to.`));
    this.#drained ??= this.#end(this);
    return this.#drained;
  }
}
