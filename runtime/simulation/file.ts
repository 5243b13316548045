import BetterSqlite3 from "better-sqlite3";
import type { Sqlite } from "../store/connection.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How long a slow commit holds its process up, in milliseconds. */
const SLOW_MS = [50, 2_000] as const;

/** What begins, commits and undoes a transaction of a process. */
const alone = { begin: ["BEGIN IMMEDIATE"], commit: ["COMMIT"], undo: ["ROLLBACK"] };
/** The same within a transaction around all of them. */
const within = {
  begin: ["SAVEPOINT turn"],
  commit: ["RELEASE turn"],
  undo: ["ROLLBACK TO turn", "RELEASE turn"],
};

type Words = Readonly<Record<keyof typeof alone, readonly (() => void)[]>>;

interface By {
  readonly process: Process;
  readonly world: World;
}

interface View {
  readonly sqlite: Sqlite;
  by: By;
}

/** One database on a simulated disk: real SQLite in memory. */
export class File {
  readonly name: string;
  readonly sqlite: Sqlite;
  /** Statements of those who look from outside, by their SQL. */
  readonly looks = new Map<string, BetterSqlite3.Statement>();
  readonly #wholes = new Map<string, BetterSqlite3.Statement>();
  #isReused: boolean;
  #words: Words;
  readonly #around: { readonly begin: () => void; readonly undo: () => void };
  /** How its owner, and those who read beside it, see it; the process is the one that is there. */
  readonly #views = new Map<"owner" | "reader", View>();
  /** The pragmas that were set, each by the words that it was last set with. */
  readonly #pragmas = new Map<string, string>();
  /** Whether the transaction around all others was begun, and whether one within it is open. */
  #isAround = false;
  #isOpen = false;
  #commits = 0;

  /** Makes a database, empty or as it was once. One that is reused can be put back to that. */
  constructor(name: string, image?: Uint8Array, { isReused = false } = {}) {
    this.name = name;
    this.sqlite = new BetterSqlite3(image === undefined ? ":memory:" : Buffer.from(image));
    this.#isReused = isReused;
    const runs = (text: string) => {
      const statement = this.sqlite.prepare(text);
      return () => void statement.run();
    };
    this.#words = this.#wordsFor(isReused ? within : alone);
    this.#around = { begin: runs("BEGIN IMMEDIATE"), undo: runs("ROLLBACK") };
  }

  /** Every row of every table, as text. */
  get content(): string {
    const tables = this.sqlite
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all();
    return tables.map((table) => JSON.stringify(this.#rowsOf(table))).join("\n");
  }

  #rowsOf(table: string): unknown[] {
    const whole = this.#wholes.get(table) ?? this.sqlite.prepare(`SELECT * FROM "${table}"`).raw();
    this.#wholes.set(table, whole);
    return whole.all();
  }

  /** False once it was changed in a way that no transaction around it can undo. */
  get canBePutBack(): boolean {
    return this.#isReused;
  }

  /** Undoes all that was committed since it was made, if it is reused. */
  putBack(): void {
    this.#isOpen = false;
    this.#isAround = false;
    // What was seen before is no more: a number that it was remembered by must not come again.
    this.#commits += 1;
    if (this.sqlite.inTransaction) this.#around.undo();
  }

  /**
   * A connection of a process: all connections are one, since only one process writes and none is
   * interrupted within a transaction. It commits nothing for a process that is gone.
   *
   * A process gets the connection of the one before it, with the statements prepared on it.
   */
  seenBy({ readonly, ...by }: By & { readonly readonly: boolean }): Sqlite {
    const kind = readonly ? "reader" : "owner";
    const known = this.#views.get(kind);
    if (known !== undefined) {
      known.by = by;
      return known.sqlite;
    }
    const view: View = { sqlite: Object.create(this.sqlite), by };
    // For the process that prepares it: one that is gone begins nothing in the name of the next.
    const special = (sql: string): (() => void) | undefined => {
      const { by } = view;
      if (sql === "BEGIN IMMEDIATE") return () => this.#begin(by);
      if (sql === "COMMIT") return () => this.#commit(by);
      return sql === "ROLLBACK" ? () => this.#undo() : undefined;
    };
    const version = { pluck: () => ({ get: () => this.#commits }) };
    const usual = new Map<string, BetterSqlite3.Statement>();
    Object.defineProperty(view.sqlite, "inTransaction", { get: () => this.#inTransaction });
    Object.assign(view.sqlite, {
      prepare: (sql: string) => {
        if (sql === "PRAGMA data_version") return version;
        const run = special(sql);
        if (run === undefined) return this.sqlite.prepare(sql);
        const statement = usual.get(sql) ?? this.sqlite.prepare(sql);
        usual.set(sql, statement);
        return Object.assign(Object.create(statement), { run });
      },
      exec: (sql: string) => (special(sql) ?? (() => this.sqlite.exec(sql)))(),
      pragma: (sql: string, options?: { simple?: boolean }) => this.#pragma(sql, options),
      close() {},
    });
    this.#views.set(kind, view);
    return view.sqlite;
  }

  get #inTransaction(): boolean {
    return (this.#isOpen || !this.#isReused) && this.sqlite.inTransaction;
  }

  #begin({ process, world }: By): void {
    if (process.isGone) throw new BetterSqlite3.SqliteError("gone", "SQLITE_IOERR");
    if (world.faults.happens("disk-busy", this.name)) {
      throw new BetterSqlite3.SqliteError("database is locked", "SQLITE_BUSY");
    }
    if (this.#isReused) this.#beginAround();
    for (const run of this.#words.begin) run();
    this.#isOpen = true;
  }

  #beginAround(): void {
    if (this.sqlite.inTransaction) return;
    if (this.#isAround) {
      throw new Error(
        `${this.name} was put back to its beginning by a statement with OR ROLLBACK, which a ` +
          "simulation cannot follow. Have that statement fail with OR ABORT.",
      );
    }
    this.#around.begin();
    this.#isAround = true;
  }

  #commit({ process, world }: By): void {
    const { name } = this;
    if (process.isGone) this.#fail("gone", "SQLITE_IOERR");
    if (world.faults.happens("disk-full", name)) {
      this.#fail("database or disk is full", "SQLITE_FULL");
    }
    for (const run of this.#words.commit) run();
    this.#isOpen = false;
    this.#commits += 1;
    world.note(process.name, "commit", name);
    if (world.faults.happens("commit-unknown", name)) {
      this.#fail("disk I/O error", "SQLITE_IOERR_FSYNC");
    }
    if (world.faults.happens("disk-slow", name)) process.stop(world.faults.amount(...SLOW_MS));
  }

  #undo(): void {
    for (const run of this.#words.undo) run();
    this.#isOpen = false;
  }

  #fail(message: string, code: string): never {
    if (this.#inTransaction) this.#undo();
    throw new BetterSqlite3.SqliteError(message, code);
  }

  /** What is set stays so: within a transaction it could not be set again. */
  #pragma(sql: string, options?: { readonly simple?: boolean }): unknown {
    if (sql.startsWith("journal_mode")) return "wal";
    const [name = "", value] = sql.split(" = ");
    if (value === undefined) return this.sqlite.pragma(sql, options);
    if (this.#pragmas.get(name) === value) return undefined;
    this.#pragmas.set(name, value);
    if (name === "foreign_keys") this.#leaveAround();
    return this.sqlite.pragma(sql, options);
  }

  /** Ends the transaction around all others, in which foreign keys cannot be switched. */
  #leaveAround(): void {
    if (!this.#isReused || !this.sqlite.inTransaction || this.#isOpen) return;
    this.sqlite.prepare("COMMIT").run();
    this.#isReused = false;
    this.#words = this.#wordsFor(alone);
  }

  #wordsFor({ begin, commit, undo }: typeof alone): Words {
    const runs = (text: string) => {
      const statement = this.sqlite.prepare(text);
      return () => void statement.run();
    };
    return { begin: begin.map(runs), commit: commit.map(runs), undo: undo.map(runs) };
  }
}
