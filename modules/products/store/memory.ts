import { commitsOf, immutable, type Read, reads } from "#runtime";
import * as schema from "../schema.ts";

/**
 * Keeps the answers to the `answersMax` questions that were asked last, while nothing is written.
 *
 * The catalogue is read much and written little: only its upkeep and stock that runs out or comes
 * back write to it. What it returns is shared, so it is immutable.
 */
export function memory<Answer>(answersMax: number) {
  const answers = reads(
    schema,
    () => new Map<string, { readonly answer: Answer; readonly commits: number }>(),
  );
  return function remembered(on: Read, question: string, answer: () => Answer): Answer {
    const known = answers(on);
    const commits = commitsOf(on);
    const before = known.get(question);
    if (before?.commits === commits && known.size < answersMax) return before.answer;
    // From here on it matters who was asked for last: the others make room.
    const now = before?.commits === commits ? before : { answer: immutable(answer()), commits };
    known.delete(question);
    known.set(question, now);
    const [oldest] = known.keys();
    if (known.size > answersMax && oldest !== undefined) known.delete(oldest);
    return now.answer;
  };
}
