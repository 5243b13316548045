/** Something that happened, for whoever reads the story. */
export interface Step {
  readonly atMs: number;
  readonly where: string;
  readonly what: string;
  readonly detail: string;
}

/**
 * What happened in a run, in order: always as a digest, and as a list when it is to be read.
 *
 * The digest covers every time, place and detail, so two runs with the same digest were the same.
 */
export class Trace {
  readonly steps: Step[] = [];
  readonly #keeps: boolean;
  #digest = 0n;
  count = 0;

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  note(step: Step): void {
    const { atMs, where, what, detail } = step;
    this.#digest = Bun.hash.xxHash64(`${atMs}\n${where}\n${what}\n${detail}`, this.#digest);
    this.count += 1;
    if (this.#keeps) this.steps.push(step);
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return this.#digest.toString(16).padStart(16, "0");
  }
}
