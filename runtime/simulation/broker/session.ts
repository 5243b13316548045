import type { Permit } from "./permit.ts";
import type { Taker } from "./pipe.ts";
import type { Interest, Router } from "./router.ts";
import type { SentMessage } from "./sent-message.ts";
import { Violation } from "./violation.ts";
import type { Wire } from "./wire.ts";

/** What a session stands on. */
export interface SessionOptions {
  readonly wire: Wire;
  readonly router: Router;
  /** What its user may do. */
  readonly permit: Permit;
  /** Hears at the other end of the wire what the user may not do. */
  readonly onRefused: (violation: Violation) => void;
  readonly onEnd: (session: Session) => void;
  /** Hears of what its user publishes and may publish. */
  readonly onPublished: (message: SentMessage) => void;
}

/** What the broker knows of one connection. It ends with the connection. */
export class Session implements Taker {
  readonly wire: Wire;
  readonly #options: SessionOptions;
  readonly #interests = new Map<Taker, Interest>();
  isOpen = true;

  constructor(options: SessionOptions) {
    this.wire = options.wire;
    this.#options = options;
  }

  take(message: SentMessage): void {
    if (!this.isOpen || !this.lets(message.subject)) return;
    this.#options.onPublished(message);
    this.#options.router.route(message);
  }

  /** Whether its user may publish to a subject. Its connection hears of it when not. */
  lets(subject: string): boolean {
    const { permit } = this.#options;
    if (permit.mayPublish(subject)) return true;
    this.#refuse(Violation.ofPublish(subject));
    return false;
  }

  listen(to: Taker, about: { readonly subject: string; readonly queue: string | undefined }): void {
    if (!this.isOpen || this.#interests.has(to)) return;
    const { permit, router } = this.#options;
    if (!permit.mayListen(about)) {
      this.#refuse(Violation.ofListening(about));
      return;
    }
    const interest = { ...about, to, down: this.wire.down };
    this.#interests.set(to, interest);
    router.add(interest);
  }

  unlisten(to: Taker): void {
    const interest = this.#interests.get(to);
    if (interest === undefined) return;
    this.#interests.delete(to);
    this.#options.router.delete(interest);
  }

  /** Ends it: whatever comes from its connection is not taken any more. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { router, onEnd } = this.#options;
    for (const interest of this.#interests.values()) router.delete(interest);
    this.#interests.clear();
    this.wire.up.cut();
    onEnd(this);
  }

  #refuse(violation: Violation): void {
    this.wire.down.tell(() => this.#options.onRefused(violation));
  }
}
