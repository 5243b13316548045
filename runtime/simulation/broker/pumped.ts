import type { Log } from "../../telemetry/log.ts";
import { silent } from "../../testing/silent-log.ts";
import { turns } from "../../testing/stillness.ts";
import { openNats } from "../../transport/nats/nats.ts";
import type { BrokerOptions } from "./broker.ts";
import { Small } from "./small.ts";

/** How much virtual time passes with each turn of the real event loop, in milliseconds. */
const TURN_MS = 1;

/**
 * A simulated broker for tests that wait for promises: its time passes by itself with the turns of
 * the event loop, until it is disposed of.
 */
export class Pumped implements Disposable {
  readonly small: Small;
  #processes = 0;
  #isOver = false;

  constructor(about: BrokerOptions) {
    this.small = new Small(1, {}, about);
    void this.#pump();
  }

  /** Connects a process of its own as these users; `frozen` is one whose clock stands still. */
  connect(users: readonly string[], { frozen = false, place = "a test" } = {}) {
    this.#processes += 1;
    const process = this.small.process(`test-${this.#processes}`);
    const { environment } = process;
    return openNats({
      connect: (user) => this.small.broker.connect(process, user, silent),
      instance: process.name,
      manifest: this.small.broker.manifest,
      here: new Set(),
      users,
      place,
      environment: frozen ? { ...environment, monotonic: () => 0 } : environment,
      reminder: environment,
      log: silent,
    });
  }

  /** Connects a process of its own as one user, and tells the log what is refused. */
  link(user: string, log: Log) {
    this.#processes += 1;
    const process = this.small.process(`test-${this.#processes}`);
    return this.small.broker.connect(process, user, log);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
  }

  async #pump(): Promise<void> {
    while (!this.#isOver) {
      this.small.pass(TURN_MS);
      await turns(1);
    }
  }
}
