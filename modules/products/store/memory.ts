import { type Read, reads } from "#runtime";
import { catalogueChanges } from "../schema.ts";

const read = reads((db) => ({
  changes: db.select({ count: catalogueChanges.count }).from(catalogueChanges).prepare(),
}));

/**
 * Keeps the answers to the last `answersMax` questions while nothing in the catalogue has changed.
 *
 * The count of changes is a row of the database, written with every change, so an answer is never
 * older than the database, in any process that reads it. What it returns is shared and must not be
 * changed.
 */
export function memory<Answer>(answersMax: number) {
  const answers = reads(
    () => new Map<string, { readonly answer: Answer; readonly changes: number }>(),
  );
  return function remembered(on: Read, question: string, answer: () => Answer): Answer {
    const known = answers(on);
    const changes = read(on).changes.get()?.count ?? 0;
    const before = known.get(question);
    if (before?.changes === changes) return before.answer;

    const now = { answer: answer(), changes };
    known.delete(question);
    known.set(question, now);
    const [oldest] = known.keys();
    if (known.size > answersMax && oldest !== undefined) known.delete(oldest);
    return now.answer;
  };
}
