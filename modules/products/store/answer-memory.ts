import { immutable } from "#runtime";

/** How much is remembered: answers, and what they weigh together. */
export interface MemoryLimits<Answer> {
  readonly answersMax: number;
  readonly weightMax: number;
  /** What an answer weighs, in parts such as items: its size, roughly and quickly. */
  readonly weigh: (answer: Answer) => number;
}

interface Remembered<Answer> {
  readonly answer: Answer;
  readonly commits: number;
  readonly weight: number;
}

/** Answers by question, the ones that were asked for last, within limits. */
export class AnswerMemory<Answer> {
  readonly #limits: MemoryLimits<Answer>;
  readonly #known = new Map<string, Remembered<Answer>>();
  #weight = 0;

  constructor(limits: MemoryLimits<Answer>) {
    this.#limits = limits;
  }

  answer(question: string, commits: number, answer: () => Answer): Answer {
    const known = this.#known;
    const before = known.get(question);
    const isFresh = before?.commits === commits;
    if (isFresh && this.#hasRoom()) return before.answer;
    const now = isFresh ? before : this.#weighed(immutable(answer()), commits);
    // From here on it matters who was asked for last: the others make room.
    this.#forget(question);
    known.set(question, now);
    this.#weight += now.weight;
    this.#shrink();
    return now.answer;
  }

  #weighed(answer: Answer, commits: number): Remembered<Answer> {
    return { answer, commits, weight: this.#limits.weigh(answer) };
  }

  /** Whether so much room is left that nothing need make place for long. */
  #hasRoom(): boolean {
    const { answersMax, weightMax } = this.#limits;
    return this.#known.size < answersMax && this.#weight < weightMax / 2;
  }

  #shrink(): void {
    const { answersMax, weightMax } = this.#limits;
    for (const question of this.#known.keys()) {
      if (this.#known.size <= answersMax && this.#weight <= weightMax) return;
      this.#forget(question);
    }
  }

  #forget(question: string): void {
    const one = this.#known.get(question);
    if (one === undefined) return;
    this.#known.delete(question);
    this.#weight -= one.weight;
  }
}
