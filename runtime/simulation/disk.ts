import BetterSqlite3 from "better-sqlite3";
import type { Sqlite } from "../store/connection.ts";
import type { Copy } from "../store/database-copy.ts";
import type { Disk } from "../store/disk.ts";
import { OwnedError } from "../store/store-error.ts";
import type { Actor } from "./agenda.ts";
import { File } from "./file.ts";
import type { Bytes, Images } from "./images.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** SQL that asks for something, behind remarks if there are any. */
const query = /^(?:\s|--.*\n|\/\*[\s\S]*?\*\/)*(?:SELECT|WITH|VALUES)\b/i;

/**
 * The disk under all processes: real SQLite in memory, which outlives a process that is gone with
 * exactly what that had committed.
 */
export class SimulatedDisk {
  readonly #world: World;
  readonly #images: Images;
  readonly #files: Map<string, File>;
  readonly #locks = new Map<string, Actor>();

  constructor(world: World, images: Images) {
    this.#world = world;
    this.#images = images;
    this.#files = images.opened();
  }

  /** The disk as one process sees it. */
  of(process: Process): Disk {
    return {
      exists: (path) => this.#files.has(nameOf(path)),
      open: (path, about) => this.#open(path, process, about?.readonly === true),
      copy: (sqlite, copy) => this.#copy(sqlite, copy),
      lock: (path, module) => this.#lock(path, process, module),
    };
  }

  /** What lies on it now. */
  bytes(): Bytes {
    return new Map([...this.#files].map(([name, { sqlite }]) => [name, sqlite.serialize()]));
  }

  /** A number over every row that lies on it. */
  get digest(): number {
    const files = [...this.#files.values()];
    return files.reduce((digest, { content }) => Bun.hash.xxHash32(content, digest), 0);
  }

  /**
   * The first column of what a statement finds in a module's database, seen from outside. Throws
   * when it could change anything: the database outlives the run.
   */
  look<T>(module: string, sql: string, parameters: readonly (string | number)[]): T[] {
    const file = this.#files.get(`${module}.db`);
    if (file === undefined) return [];
    let statement = file.looks.get(sql);
    if (statement === undefined) {
      // What a PRAGMA does, it may do when it is prepared.
      if (!query.test(sql)) throw new Error(onlyReads(module, sql));
      statement = file.sqlite.prepare(sql);
      if (!statement.readonly) throw new Error(onlyReads(module, sql));
      statement.pluck();
      file.looks.set(sql, statement);
    }
    return statement.all(...parameters) as never;
  }

  close(): void {
    this.#images.close(this.#files.values());
  }

  #open(path: string, process: Process, readonly: boolean): Sqlite {
    const name = nameOf(path);
    let file = this.#files.get(name);
    if (file === undefined) {
      if (readonly) throw new BetterSqlite3.SqliteError("no such file", "SQLITE_CANTOPEN");
      file = new File(name);
      this.#files.set(name, file);
    }
    return file.seenBy({ process, world: this.#world, readonly });
  }

  /** A copy is a file like any other: it is there for as long as the disk. */
  #copy(sqlite: Sqlite, { path, prefix, copiesMax }: Copy): void {
    const name = nameOf(path);
    if (this.#world.faults.happens("disk-full", name)) {
      throw new BetterSqlite3.SqliteError("database or disk is full", "SQLITE_FULL");
    }
    const image = sqlite.serialize();
    this.#remove(name);
    this.#files.set(name, new File(name, image));
    const copies = [...this.#files.keys()].filter((one) => one.startsWith(nameOf(prefix)));
    for (const oldest of copies.slice(0, -copiesMax)) this.#remove(oldest);
  }

  #remove(name: string): void {
    this.#files.get(name)?.sqlite.close();
    this.#files.delete(name);
  }

  #lock(path: string, process: Process, module: string): () => void {
    const owner = this.#locks.get(path);
    if (owner !== undefined && !owner.isGone) {
      throw new OwnedError(`The data of ${module} is owned by ${owner.name}.`);
    }
    this.#locks.set(path, process);
    return () => {
      if (this.#locks.get(path) === process) this.#locks.delete(path);
    };
  }
}

/** The name of a file, wherever it lies: runs differ in nothing but their seeds. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function onlyReads(module: string, sql: string): string {
  return `What looks into ${module} can only read, not "${sql}". Give it a SELECT.`;
}
