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
  readonly #reused: readonly File[];

  constructor(bytes: Bytes = new Map()) {
    this.#bytes = bytes;
    this.#reused = [...bytes]
      .map(([name, image]) => new File(name, image, { isReused: true }))
      .filter((file) => !minds(file));
  }

  /** The databases, as they were at first, for one run: none other may be under way. */
  opened(): Map<string, File> {
    const files = new Map(this.#reused.map((file) => [file.name, file]));
    for (const file of this.#reused) file.putBack();
    for (const [name, image] of this.#bytes) {
      if (!files.has(name)) files.set(name, new File(name, image));
    }
    return files;
  }

  /** Takes back what `opened` gave, and what a run made beside it. */
  close(files: Iterable<File>): void {
    for (const file of files) {
      if (this.#reused.includes(file)) file.putBack();
      else file.sqlite.close();
    }
  }
}

/** Whether a database minds to be in a transaction around its own. */
function minds({ sqlite }: File): boolean {
  const found = sqlite.prepare(
    "SELECT 1 FROM sqlite_schema WHERE sql LIKE '%deferr%' OR sql LIKE '%rollback%'",
  );
  return found.get() !== undefined;
}
