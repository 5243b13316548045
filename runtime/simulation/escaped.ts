/** Promises that were rejected and nobody heard of it, which would end a real process. */
export class Escaped implements Disposable {
  #sentences: string[] = [];
  readonly #hear = (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#sentences.push(`Nobody caught an error: ${what}`);
  };

  constructor() {
    process.on("unhandledRejection", this.#hear);
  }

  taken(): string[] {
    return this.#sentences.splice(0);
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#hear);
  }
}
