import { File } from "./file.ts";

/** What databases hold, by their names, as bytes that one can be made from. */
export type Bytes = ReadonlyMap<string, Uint8Array>;

/**
 * The databases that every run begins with. They are opened once and put back after each run, by
 * one transaction around all that it does, which keeps what was prepared on them.
 *
 * A database whose schema can end or defer a transaction is opened anew for each run instead:
 * around its transactions there must be no other.
 */
export class Images {
  readonly #bytes: Bytes;
  readonly #reused = new Map<string, File>();

  constructor(bytes: Bytes = new Map()) {
    this.#bytes = bytes;
    for (const [name, image] of bytes) {
      const file = new File(name, image, { isReused: true });
      if (!minds(file)) this.#reused.set(name, file);
    }
  }

  /** The databases, as they were at first, for one run: none other may be under way. */
  opened(): Map<string, File> {
    return new Map([...this.#bytes].map(([name, image]) => [name, this.#opened(name, image)]));
  }

  /** Takes back what `opened` gave, and what a run made beside it. */
  close(files: Iterable<File>): void {
    for (const file of files) {
      const isReused = this.#reused.get(file.name) === file;
      if (isReused && file.canBePutBack) file.putBack();
      else file.sqlite.close();
    }
  }

  #opened(name: string, image: Uint8Array): File {
    const known = this.#reused.get(name);
    if (known?.canBePutBack) {
      known.putBack();
      return known;
    }
    const file = new File(name, image, { isReused: known !== undefined });
    if (known !== undefined) this.#reused.set(name, file);
    return file;
  }
}

/** Whether a database minds to be in a transaction around its own. */
function minds({ sqlite }: File): boolean {
  const found = sqlite.prepare(
    "SELECT 1 FROM sqlite_schema WHERE sql LIKE '%deferr%' OR sql LIKE '%rollback%'",
  );
  return found.get() !== undefined;
}
