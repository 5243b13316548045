import { timeOf } from "./story.ts";

const WINDOW_MS = 60_000;
/** What may happen in a virtual minute; a busy shop comes to a tenth of it. */
const HAPPENINGS_MAX = 300_000;
/** How many of the last happenings are looked at when it is too many. */
const LOOKED_AT = 10_000;
const NAMED_MAX = 3;

/** Things go on happening while hardly any virtual time passes, so the run would never end. */
export class EndlessRun extends Error {
  override readonly name = "EndlessRun";
}

/** Counts what happens, and ends a run in which too much does while the clock stands still. */
export class Pace {
  #untilMs = 0;
  #count = 0;
  #often = new Map<string, number>();

  /** Counts one happening. Throws an `EndlessRun`, which names what happened most, at the limit. */
  count(atMs: number, what: string, where: string | undefined): void {
    if (atMs >= this.#untilMs) {
      this.#untilMs = atMs + WINDOW_MS;
      this.#count = 0;
      if (this.#often.size > 0) this.#often = new Map();
    }
    this.#count += 1;
    if (this.#count <= HAPPENINGS_MAX - LOOKED_AT) return;
    const name = where === undefined ? `"${what}"` : `"${what}" in ${where}`;
    this.#often.set(name, (this.#often.get(name) ?? 0) + 1);
    if (this.#count === HAPPENINGS_MAX) throw new EndlessRun(this.#sentence(atMs));
  }

  #sentence(atMs: number): string {
    const most = [...this.#often].sort(([, one], [, other]) => other - one).slice(0, NAMED_MAX);
    const named = most.map(([name, times]) => `${name} (${times} times)`).join(", ");
    return (
      `It does not come to an end: ${HAPPENINGS_MAX} things happened within one virtual minute, ` +
      `up to ${timeOf(atMs)}; of the last ${LOOKED_AT} most were ${named}.`
    );
  }
}
