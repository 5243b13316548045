import { thrownText } from "./places.ts";

/** Which errors end a real process: nobody caught them. */
const kinds = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Errors that nobody caught, and promises that were rejected and nobody heard of it: both would end
 * a real process. Of the former `bun test` lets nobody hear, and has its test fail with them.
 */
export class Escaped implements Disposable {
  #sentences: string[] = [];
  readonly #hear = (error: unknown) => {
    this.#sentences.push(
      "Nobody caught an error, of this run or of what else this process does, such as its test: " +
        thrownText(error),
    );
  };

  constructor() {
    for (const kind of kinds) process.on(kind, this.#hear);
  }

  taken(): string[] {
    return this.#sentences.splice(0);
  }

  [Symbol.dispose](): void {
    for (const kind of kinds) process.off(kind, this.#hear);
  }
}
