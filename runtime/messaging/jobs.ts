import type { Environment } from "../contract/environment.ts";
import { isDeclarationError } from "../contract/errors.ts";
import { kernelStatements, type Read, type Write } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import { bury } from "./dead-letters.ts";
import type { TracedTransaction } from "./inbox.ts";

/** Jobs under way at once, and attempts at one job before it is buried, at most. */
const RUNNING_MAX = 64;
const ATTEMPTS_MAX = 12;
const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 300_000;

/** A command of this module to itself, as a row. */
export interface Job {
  readonly command: string;
  readonly key: string;
  readonly input: string;
  readonly dueAtMs: number;
  readonly attempts: number;
  readonly traceId: string;
}

const columns = "command, key, input, due_at_ms AS dueAtMs, attempts, trace_id AS traceId";
const statements = kernelStatements((sqlite) => ({
  put: sqlite.prepare<[string, string, string, number, string]>(
    `INSERT INTO cleave_job VALUES (?, ?, ?, ?, 0, ?)
     ON CONFLICT (command, key) DO UPDATE SET
       input = excluded.input, due_at_ms = excluded.due_at_ms, attempts = 0,
       trace_id = excluded.trace_id`,
  ),
  remove: sqlite.prepare<[string, string]>("DELETE FROM cleave_job WHERE command = ? AND key = ?"),
  finish: sqlite.prepare<[string, string, number, string]>(
    `DELETE FROM cleave_job
     WHERE command = ? AND key = ? AND due_at_ms = ? AND trace_id = ?`,
  ),
  postpone: sqlite.prepare<[number, number, string, string, number]>(
    `UPDATE cleave_job SET attempts = ?, due_at_ms = ?
     WHERE command = ? AND key = ? AND due_at_ms = ?`,
  ),
  due: sqlite.prepare<[number, number], Job>(
    `SELECT ${columns} FROM cleave_job WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT likely(?)`,
  ),
  oldest: sqlite
    .prepare<[], number>("SELECT due_at_ms FROM cleave_job ORDER BY due_at_ms LIMIT 1")
    .pluck(),
  next: sqlite.prepare<[number], { dueAtMs: number }>(
    "SELECT due_at_ms AS dueAtMs FROM cleave_job WHERE due_at_ms > ? ORDER BY due_at_ms LIMIT 1",
  ),
}));

/** Plans a job in the open transaction; the same command and key again replaces it. */
export function putJob(tx: Write, job: Omit<Job, "attempts">): void {
  statements(tx).put.run(job.command, job.key, job.input, job.dueAtMs, job.traceId);
}

/**
 * Removes a job that has run, in the open transaction; tells whether it was still there. One that
 * was planned anew meanwhile stays.
 */
export function finishJob(tx: Write, { command, key, dueAtMs, traceId }: Job): boolean {
  return statements(tx).finish.run(command, key, dueAtMs, traceId).changes > 0;
}

/** Takes a job back, in the open transaction. */
export function removeJob(tx: Write, command: string, key: string): void {
  statements(tx).remove.run(command, key);
}

/** When the job that is due first is due, or was. */
export function oldestJob(on: Read): number | undefined {
  return statements(on).oldest.get();
}

/** What the jobs need of the module they work for. */
export interface JobsHost {
  readonly log: Log;
  readonly environment: Environment;
  readonly read: Read;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Runs a job's command; its transaction also removes the job's row. */
  runJob(job: Job): Promise<unknown>;
}

/**
 * Runs jobs when they are due. A failed one is tried again after a growing pause; after the last
 * attempt it is buried with its reason. One timer, for the nearest job, is enough.
 */
export class Jobs {
  readonly #host: JobsHost;
  readonly #running = new Set<string>();
  #work: Promise<unknown>[] = [];
  #cancel: (() => void) | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #checking = false;
  #stopped = false;

  constructor(host: JobsHost) {
    this.#host = host;
  }

  /** Tells of a job that was committed, due at `dueAtMs`. */
  notice(dueAtMs: number): void {
    if (this.#stopped || dueAtMs >= this.#timerAtMs) return;
    if (dueAtMs <= this.#host.environment.now()) this.#checkSoon();
    else this.#setTimer(dueAtMs);
  }

  /** Starts with what the database holds. */
  start(): void {
    this.#check();
  }

  /** Starts no more jobs and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.idle();
  }

  /** True while a job is under way or looked for. */
  get busy(): boolean {
    return this.#running.size > 0 || this.#checking;
  }

  /** Resolves when no job is under way and none is due. */
  async idle(): Promise<void> {
    while (this.#work.length > 0) await Promise.allSettled(this.#work);
  }

  #checkSoon(): void {
    if (this.#checking) return;
    this.#checking = true;
    this.#host.environment.defer(() => this.#check());
  }

  #check(): void {
    this.#checking = false;
    if (this.#stopped) return;
    const { environment, read } = this.#host;
    const nowMs = environment.now();
    const due = statements(read).due.all(nowMs, RUNNING_MAX + this.#running.size);
    for (const job of due) {
      if (this.#running.size >= RUNNING_MAX) break;
      if (!this.#running.has(idOf(job))) this.#start(job);
    }
    const next = statements(read).next.get(nowMs);
    if (next !== undefined) this.#setTimer(next.dueAtMs);
  }

  #setTimer(dueAtMs: number): void {
    if (dueAtMs >= this.#timerAtMs) return;
    this.#cancel?.();
    this.#timerAtMs = dueAtMs;
    this.#cancel = this.#host.environment.at(dueAtMs, () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#check();
    });
  }

  #start(job: Job): void {
    const id = idOf(job);
    this.#running.add(id);
    const work = this.#attempt(job)
      .catch((error: unknown) => this.#failed(job, error))
      .finally(() => {
        this.#running.delete(id);
        this.#work = this.#work.filter((one) => one !== work);
        this.#checkSoon();
      });
    this.#work.push(work);
  }

  /** One attempt; a job that cannot even be begun, such as one with an old input, rejects too. */
  async #attempt(job: Job): Promise<void> {
    await this.#host.runJob(job);
  }

  async #failed(job: Job, error: unknown): Promise<void> {
    const { log, environment } = this.#host;
    const attempts = job.attempts + 1;
    const fields = { command: job.command, key: job.key, attempts, traceId: job.traceId, error };
    if (isLast(attempts, error)) log.error("job given up", fields);
    else log.warn("job failed, will be tried again", fields);
    try {
      await this.#host.transact((tx) => this.#record(tx, { ...job, attempts }, error));
    } catch (failure) {
      log.error("job failure not recorded", { ...fields, failure });
      if (this.#stopped) return;
      await new Promise<void>((resolve) => environment.after(PAUSE_FIRST_MS, resolve));
    }
  }

  #record(tx: TracedTransaction, job: Job, error: unknown): void {
    const { command, key, input, attempts, traceId, dueAtMs } = job;
    if (isLast(attempts, error)) {
      if (!finishJob(tx, job)) return; // It was planned anew meanwhile.
      const letter = { kind: "job", source: "self", name: command, key, payload: input } as const;
      const tried = { error: String(error), attempts, messageKey: null, nextAttemptAtMs: null };
      bury(tx, { ...letter, ...tried, traceId }, tx.now);
      return;
    }
    const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** (attempts - 1), PAUSE_MAX_MS);
    statements(tx).postpone.run(attempts, tx.now + pauseMs, command, key, dueAtMs);
  }
}

/** What this program does not declare, it will not do at the next attempt either. */
function isLast(attempts: number, error: unknown): boolean {
  return attempts >= ATTEMPTS_MAX || isDeclarationError(error);
}

function idOf(job: Job): string {
  return `${job.command}\n${job.key}`;
}
