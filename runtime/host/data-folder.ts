import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { StartError } from "./start-error.ts";

/** Lies in a data folder from its creation until the first start in it has come to its end. */
const UNFILLED = "unfilled";

/** The longest path of a data folder, in bytes: SQLite opens files of at most 512. */
const PATH_MAX = 400;

/** The folder that holds every module's database. */
export interface DataFolder {
  readonly path: string;
  /**
   * Creates the folder if it is missing, for this user only. An empty one is marked to be filled,
   * unless databases are said to lie elsewhere.
   */
  create(about?: { readonly holdsDatabases: boolean }): void;
  /** Runs `fill` if no start has come to its end here since the folder was created empty. */
  fillOnce(fill: () => Promise<void>): Promise<void>;
}

/** Names a data folder; nothing is changed by it. */
export function dataFolder(given: string): DataFolder {
  const path = resolve(given);
  const mark = `${path}/${UNFILLED}`;
  return {
    path,
    create({ holdsDatabases } = { holdsDatabases: true }) {
      const bytes = Buffer.byteLength(path);
      if (bytes > PATH_MAX) {
        throw new StartError(
          `The path of the data folder ${path} has ${bytes} bytes, at most ${PATH_MAX}: SQLite ` +
            "opens no longer ones. Choose a shorter one with DATA_DIR.",
        );
      }
      try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
        const isEmpty = readdirSync(path).length === 0;
        if (isEmpty && holdsDatabases) writeFileSync(mark, "");
      } catch (cause) {
        throw new StartError(
          `The data folder ${path} cannot be used: ${String(cause)}. ` +
            `Give this user the right to write there, or choose another with DATA_DIR.`,
          { cause },
        );
      }
    },
    async fillOnce(fill) {
      if (!existsSync(mark)) return;
      await fill();
      rmSync(mark);
    },
  };
}
