import type { Taker } from "./pipe.ts";
import type { Interest, Router } from "./router.ts";
import type { SentMessage } from "./sent-message.ts";
import type { Wire } from "./wire.ts";

/** What the broker knows of one connection. It ends with the connection. */
export class Session implements Taker {
  readonly wire: Wire;
  readonly #router: Router;
  readonly #interests = new Map<Taker, Interest>();
  readonly #onEnd: (session: Session) => void;
  isOpen = true;

  constructor(wire: Wire, router: Router, onEnd: (session: Session) => void) {
    this.wire = wire;
    this.#router = router;
    this.#onEnd = onEnd;
  }

  take(message: SentMessage): void {
    if (this.isOpen) this.#router.route(message);
  }

  listen(to: Taker, about: { readonly subject: string; readonly queue: string | undefined }): void {
    if (!this.isOpen || this.#interests.has(to)) return;
    const interest = { ...about, to, down: this.wire.down };
    this.#interests.set(to, interest);
    this.#router.add(interest);
  }

  unlisten(to: Taker): void {
    const interest = this.#interests.get(to);
    if (interest === undefined) return;
    this.#interests.delete(to);
    this.#router.delete(interest);
  }

  /** Ends it: whatever comes from its connection is not taken any more. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const interest of this.#interests.values()) this.#router.delete(interest);
    this.#interests.clear();
    this.wire.up.cut();
    this.#onEnd(this);
  }
}
