import type { Process } from "../process.ts";
import type { World } from "../world.ts";
import { Silence } from "./refusal.ts";
import type { Session } from "./session.ts";
import { Violation } from "./violation.ts";

/** What is asked of the broker, and for how long an answer is waited for. */
export interface Ask<Answer> {
  /** For the story. */
  readonly what: string;
  /** What the question is published to, which not every user may. */
  readonly subject: string;
  readonly timeoutMs: number;
  /** What the broker does; what it throws is its refusal. */
  readonly work: () => Answer;
}

/**
 * What one connection has asked of the broker and not been answered.
 *
 * A question or its answer may be lost, and nobody says so: it ends when its time is over.
 */
export class Asks {
  readonly #world: World;
  readonly #process: Process;
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(world: World, process: Process) {
    this.#world = world;
    this.#process = process;
  }

  /** Asks over a connection, or in vain when there is none. */
  async ask<Answer>(session: Session | undefined, asked: Ask<Answer>): Promise<Answer> {
    const { what, timeoutMs } = asked;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const late = () => reject(new Error(`The broker did not answer in time: ${what}.`));
    const about = { what: "timeout", process: this.#process };
    const cancel = this.#world.after(timeoutMs, late, about);
    this.#waiting.add(reject);
    if (session !== undefined) this.#send(session, asked, { resolve, reject });
    try {
      return await promise;
    } finally {
      cancel();
      this.#waiting.delete(reject);
    }
  }

  /** Ends all of them: the connection was closed. */
  endAll(): void {
    for (const reject of this.#waiting) reject(new Error("The connection is closed."));
    this.#waiting.clear();
  }

  #send<Answer>(
    session: Session,
    { what, subject, work }: Ask<Answer>,
    settle: { resolve: (answer: Answer) => void; reject: (error: unknown) => void },
  ): void {
    const { up, down } = session.wire;
    const answer = (work: () => void) => down.send(work, "reply-lost");
    const arrive = () => {
      if (!session.isOpen) return;
      this.#world.note("broker", "asked", what);
      if (!session.lets(subject)) {
        down.tell(() => settle.reject(Violation.ofPublish(subject)));
        return;
      }
      try {
        const value = work();
        answer(() => settle.resolve(value));
      } catch (error) {
        if (error instanceof Silence) return;
        answer(() => settle.reject(error));
      }
    };
    up.send(arrive, "message-lost");
  }
}
