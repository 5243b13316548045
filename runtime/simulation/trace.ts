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
  /** The time of what is noted now. */
  atMs = 0;
  /** Whether it keeps a list. */
  readonly keeps: boolean;
  readonly #breakAt: string | undefined;
  readonly #words = new Map<string, number>();
  /** Two halves of the digest, each mixed in its own way. */
  #one = 0x9e3779b9;
  #other = 0x85ebca6b;
  count = 0;

  constructor(options: {
    readonly keepsSteps?: boolean;
    /** Has a debugger stop at each step that has this text. */
    readonly breakAt?: string | undefined;
  }) {
    this.keeps = options.keepsSteps === true;
    this.#breakAt = options.breakAt;
  }

  note(where: string, what: string, detail: string): void {
    this.mark(where, what, detail);
    this.tell(where, what, detail);
  }

  /** Notes something for the digest alone. */
  mark(where: string, what: string, detail: string): void {
    this.#mix(Math.floor(this.atMs * 1_000));
    this.#mix(this.#numberOf(where) * 4_099 + this.#numberOf(what));
    if (detail !== "") this.#mix(Bun.hash.xxHash32(detail));
    this.count += 1;
  }

  /** Tells something for the story alone. */
  tell(where: string, what: string, detail: string): void {
    if (!this.keeps) return;
    this.steps.push({ atMs: this.atMs, where, what, detail });
    if (this.#breakAt === undefined || !`${what} ${detail}`.includes(this.#breakAt)) return;
    // What --break-at is for.
    debugger;
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return [this.#one, this.#other].map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /** The same word has the same number in every run that was the same up to it. */
  #numberOf(word: string): number {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const number = Bun.hash.xxHash32(word);
    this.#words.set(word, number);
    return number;
  }

  #mix(number: number): void {
    this.#one = Math.imul(this.#one ^ number, 0x85ebca77) >>> 0;
    this.#one = (this.#one ^ (this.#one >>> 15)) >>> 0;
    this.#other = (Math.imul(this.#other, 0xc2b2ae3d) + number) >>> 0;
    this.#other = (this.#other ^ (this.#other >>> 13)) >>> 0;
  }
}
