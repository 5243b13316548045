import { commitsOf, type Read, reads } from "#runtime";
import * as schema from "../schema.ts";
import { AnswerMemory, type MemoryLimits } from "./answer-memory.ts";

/**
 * Keeps the answers to the questions that were asked last, within limits, while nothing is written.
 *
 * The catalogue is read much and written little: only its upkeep and stock that runs out or comes
 * back write to it. What it returns is shared, so it is immutable.
 */
export function memory<Answer>(limits: MemoryLimits<Answer>) {
  const memories = reads(schema, () => new AnswerMemory<Answer>(limits));
  return function remembered(on: Read, question: string, answer: () => Answer): Answer {
    return memories(on).answer(question, commitsOf(on), answer);
  };
}
