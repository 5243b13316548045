import { expect, test } from "bun:test";
import { AnswerMemory } from "./answer-memory.ts";

function memory() {
  const asked: string[] = [];
  const limits = { answersMax: 3, weightMax: 10, weigh: (answer: string) => answer.length };
  const answers = new AnswerMemory<string>(limits);
  const ask = (question: string, { commits = 1, answer = question } = {}) =>
    answers.answer(question, commits, () => {
      asked.push(question);
      return answer;
    });
  return { ask, asked };
}

test("an answer is remembered until something is committed", () => {
  const { ask, asked } = memory();
  for (const commits of [1, 1, 2, 2]) ask("a", { commits });
  expect(asked).toEqual(["a", "a"]);
});

test("of too many answers those that were asked for last are kept", () => {
  const { ask, asked } = memory();
  for (const question of ["a", "b", "c", "a", "d", "a", "b"]) ask(question);
  expect(asked).toEqual(["a", "b", "c", "d", "b"]);
});

test("answers that weigh too much together make room, however few they are", () => {
  const { ask, asked } = memory();
  ask("a", { answer: "xxxxxx" });
  ask("b", { answer: "xxxxxx" });
  ask("b");
  ask("a", { answer: "xxxxxx" });
  expect(asked).toEqual(["a", "b", "a"]);
});

test("an answer that alone weighs more than may be kept is not kept", () => {
  const { ask, asked } = memory();
  expect(ask("a", { answer: "x".repeat(11) })).toHaveLength(11);
  ask("b");
  ask("a", { answer: "x".repeat(11) });
  ask("b");
  expect(asked).toEqual(["a", "b", "a", "b"]);
});
