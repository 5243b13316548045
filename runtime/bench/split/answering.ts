import type { Answered, Asked } from "./worker.ts";

/** Answers the questions of whoever spawned this process, for as long as that one is there. */
export function answering(answer: (question: never) => Promise<unknown>): void {
  const say = (answered: Answered) => void process.send?.(answered);
  process.on("message", ({ number, question }: Asked) => {
    answer(question as never).then(
      (found) => say({ number, answer: found }),
      (error: unknown) => say({ number, error: String(error) }),
    );
  });
  process.once("disconnect", () => process.exit(0));
  say({ number: 0 });
}
