import { timeOf } from "./story.ts";

const WINDOW_MS = 60_000;
/** What may happen in a virtual minute; a busy shop comes to a tenth of it. */
const HAPPENINGS_MAX = 300_000;
/** How many of the last happenings are looked at when it is too many. */
const LOOKED_AT = 10_000;
const NAMED_MAX = 3;
/** How often processes may look at their clocks in one happening; usually it is a few times. */
const LOOKS_MAX = 1_000_000;

/**
 * Things go on happening while hardly any virtual time passes, so the run would never end; or one
 * thing goes on for ever by promises that are settled already, and looks at the clock meanwhile.
 *
 * Such a loop that never looks at the clock cannot be ended from within, as no other code runs any
 * more: it hangs the simulation as it would hang a process. A debugger shows where.
 */
export class EndlessRun extends Error {
  override readonly name = "EndlessRun";
}

/** Counts what happens, and ends a run in which too much does while the clock stands still. */
export class Pace {
  #untilMs = 0;
  #count = 0;
  #often = new Map<string, number>();
  #looks = 0;
  #ended: EndlessRun | undefined;

  /** Counts one happening. Throws an `EndlessRun`, which names what happened most, at the limit. */
  count(atMs: number, what: string, where: string | undefined): void {
    this.#looks = 0;
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

  /** Counts one look at the clock. Throws an `EndlessRun` at whoever looks at the limit. */
  look(atMs: number, where: string): void {
    this.#looks += 1;
    if (this.#looks <= LOOKS_MAX) return;
    this.#looks = 0;
    this.#ended ??= new EndlessRun(
      `It does not come to an end: ${where} looked at its clock more than ${LOOKS_MAX} times at ` +
        `${timeOf(atMs)}, and no time passes while it awaits promises that are settled already. ` +
        "Wait for a time with the environment's after.",
    );
    throw this.#ended;
  }

  /** Throws what ended a loop that may have caught it. */
  check(): void {
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended !== undefined) throw ended;
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
