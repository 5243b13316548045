import BetterSqlite3, { type Database } from "better-sqlite3";

/** A database with the least that a durable unit needs: what ours is measured against. */
export interface RawDatabase {
  readonly sqlite: Database;
  /** Runs a unit in the next group; resolves after its COMMIT. */
  run<T>(work: () => T): Promise<T>;
}

/** Opens a WAL database with `synchronous=FULL` and one writer that commits units in groups. */
export function openRaw(file: string, schema: string): RawDatabase {
  const sqlite = new BetterSqlite3(file);
  sqlite.pragma("journal_mode = WAL");
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("cache_size = -16384");
  sqlite.exec(schema);
  const begin = sqlite.prepare("BEGIN IMMEDIATE");
  const commit = sqlite.prepare("COMMIT");
  const savepoint = sqlite.prepare("SAVEPOINT unit");
  const release = sqlite.prepare("RELEASE unit");
  const undo = sqlite.prepare("ROLLBACK TO unit");
  /** Each runs one unit and returns what answers its caller after the COMMIT. */
  let queue: (() => () => void)[] = [];

  function turn(): void {
    const group = queue;
    queue = [];
    begin.run();
    const answers = group.map((unit) => unit());
    commit.run();
    for (const answer of answers) answer();
  }

  return {
    sqlite,
    run(work) {
      return new Promise((resolve, reject) => {
        if (queue.length === 0) setImmediate(turn);
        queue.push(() => {
          savepoint.run();
          try {
            const value = work();
            release.run();
            return () => resolve(value);
          } catch (error) {
            undo.run();
            release.run();
            return () => reject(error);
          }
        });
      });
    },
  };
}
