import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { fileFailure } from "../store/file-failure.ts";
import { hostSettings } from "./settings.ts";
import { StartError } from "./start-error.ts";
import { typedCommand } from "./typed-command.ts";

/** Lies in a data folder from its creation until the first start in it has come to its end. */
const UNFILLED = "unfilled";

/** The longest path of a data folder, in bytes: SQLite opens files of at most 512. */
const PATH_MAX = 400;

/** The folder that holds every module's database. */
export interface DataFolder {
  readonly path: string;
  /** Throws a StartError when the folder is missing, unless it is the one taken without a name. */
  assertThere(): void;
  /**
   * Creates the folder if it is missing, for this user only. An empty one is marked to be filled,
   * unless databases are said to lie elsewhere.
   *
   * Returns a function for a start that is refused: it removes what this call has made, as long as
   * nothing else lies there. It never throws.
   */
  create(about?: { readonly holdsDatabases: boolean }): () => void;
  /** Runs `fill` if no start has come to its end here since the folder was created empty. */
  fillOnce(fill: () => Promise<void>): Promise<void>;
}

/**
 * Names a data folder; nothing is changed by it. Throws a StartError when a file lies there, or
 * where one of the folders above it should be.
 */
export function dataFolder(given: string): DataFolder {
  const path = resolve(given);
  assertNoFile(path);
  const mark = `${path}/${UNFILLED}`;
  return {
    path,
    assertThere() {
      if (existsSync(path) || isDefaultFolder(path)) return;
      throw new StartError(
        `The data folder ${path} does not exist. Name another with DATA_DIR or --data-dir, or ` +
          `make this one: mkdir -p ${path}.`,
      );
    },
    create({ holdsDatabases } = { holdsDatabases: true }) {
      const bytes = Buffer.byteLength(path);
      if (bytes > PATH_MAX) {
        throw new StartError(
          `The path of the data folder ${path} has ${bytes} bytes, at most ${PATH_MAX}: SQLite ` +
            "opens no longer ones. Choose a shorter one with DATA_DIR.",
        );
      }
      try {
        const first = mkdirSync(path, { recursive: true, mode: 0o700 });
        const isMarked = readdirSync(path).length === 0 && holdsDatabases;
        if (isMarked) writeFileSync(mark, "");
        return () => {
          try {
            if (isMarked && readdirSync(path).join() === UNFILLED) rmSync(mark);
            if (first !== undefined) removeEmpty(path, first);
          } catch {
            // Why the start is refused matters more than what is left; another start may be here.
          }
        };
      } catch (cause) {
        const failure = fileFailure(cause, path);
        if (failure !== undefined) throw new StartError(failure, { cause });
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

/** A command over a data folder, which is named unless it is the one that is taken without. */
export function typedOver(folder: string, script: string): string {
  return typedCommand(isDefaultFolder(folder) ? script : `${script} --data-dir ${folder}`);
}

/** Reports whether a path is that of the data folder where none is named. */
function isDefaultFolder(path: string): boolean {
  return path === resolve(hostSettings.properties.DATA_DIR.default);
}

function assertNoFile(path: string): void {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  if (statSync(at).isDirectory()) return;
  throw new StartError(
    `The data folder ${path} cannot be used: ${at} is a file, not a folder. Move it away, or ` +
      "choose another with DATA_DIR.",
  );
}

/** Removes a folder, and those above it up to `first`, as long as they are empty. */
function removeEmpty(path: string, first: string): void {
  for (let at = path; at.startsWith(first); at = dirname(at)) {
    if (readdirSync(at).length > 0) return;
    rmdirSync(at);
  }
}
