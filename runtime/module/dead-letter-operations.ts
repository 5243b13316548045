import { command, type contract, query } from "../contract/contract.ts";
import { isTransportError } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import type { Consumption } from "../messaging/consumption.ts";
import {
  blockerOf,
  deadLetter,
  deadLetters,
  removeDeadLetter,
  type StoredDeadLetter,
} from "../messaging/dead-letters.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import type { Transaction } from "../messaging/transaction.ts";
import { type Handler, handler } from "./handler.ts";

/** Characters of an error that a list of dead letters shows, at most. */
const ERROR_LENGTH_MAX = 1_000;

const Nullable = t.Union([t.String({ maxLength: 200 }), t.Null()]);

/** What every module offers on the events and jobs that it has set aside. */
export const deadLetterOperations = {
  /**
   * Dead letters in the order in which they were put away, oldest first: those after the id
   * `after`, of one producer and of one key if these are given.
   */
  cleaveDeadLetters: query({
    ownerOnly: true,
    input: t.Object({
      limit: t.Integer({ minimum: 1, maximum: 200 }),
      after: t.Optional(t.Integer({ minimum: 0 })),
      source: t.Optional(Nullable),
      messageKey: t.Optional(Nullable),
    }),
    output: t.Array(
      t.Object({
        module: t.String(),
        id: t.Integer(),
        kind: t.String(),
        source: t.String(),
        name: t.String(),
        key: t.String(),
        error: t.String(),
        diedAtMs: t.Integer(),
        // Another version may not tell these.
        messageKey: t.Optional(t.Union([t.String(), t.Null()])),
        attempts: t.Optional(t.Integer()),
        nextAttemptAtMs: t.Optional(t.Union([t.Integer(), t.Null()])),
      }),
      { maxItems: 200 },
    ),
  }),
  /**
   * Tries a dead letter again: an event is reacted to now, in this transaction; a job is
   * planned for now. It is gone afterwards. Nothing happens when it is gone already, and it
   * stays, with the new error, when its reaction throws, and, with a `reason`, when the same job
   * was planned anew meanwhile. Refused while one before it has the same key.
   */
  cleaveRedrive: command({
    input: t.Object({ id: t.Integer() }),
    output: t.Object({ redriven: t.Boolean(), reason: t.Optional(t.String()) }),
    errors: {
      ALREADY_BEHIND_ANOTHER: t.Object({ id: t.Integer() }),
      /** Its reaction has thrown again; `error` is what it said. */
      REDRIVE_FAILED: t.Object({ id: t.Integer(), error: t.String() }),
    },
  }),
  /**
   * Tries dead letters again, oldest first, each in a transaction of its own, until one fails:
   * all, or those of one producer and of one key; at most `limit`. Repeating it goes on with
   * those that are left. `failed` is the one that it stopped at.
   */
  cleaveRedriveAll: command({
    input: t.Object({
      source: Nullable,
      messageKey: Nullable,
      limit: t.Integer({ minimum: 1, maximum: 200 }),
    }),
    output: t.Object({
      redriven: t.Integer(),
      failed: t.Union([t.Object({ id: t.Integer(), error: t.String() }), t.Null()]),
    }),
  }),
  /**
   * Has a consumer that has stopped set aside, as a dead letter, the event that it stopped at,
   * when that fails once more. Nothing happens when it has not stopped there.
   */
  cleaveSetAside: command({
    input: t.Object({ producer: t.String(), seq: t.Integer() }),
    output: t.Object({ accepted: t.Boolean() }),
  }),
  /** Throws a dead letter away. Nothing happens when it is gone already. */
  cleaveDiscard: command({
    input: t.Object({ id: t.Integer() }),
    output: t.Object({ discarded: t.Boolean() }),
  }),
};

/** The operations under the name of a module. */
type DeadLetterContract = ReturnType<typeof contract<string, typeof deadLetterOperations>>;

/** What the operations on dead letters need of their module. */
export interface DeadLettersHost {
  readonly name: string;
  readonly consumption: Consumption;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Plans a buried job again, in the open transaction, unless a newer one is planned. */
  replan(
    tx: Transaction,
    job: { readonly name: string; readonly key: string; readonly payload: string },
  ): boolean;
}

/** What answers the operations on dead letters and on consumers that have stopped. */
export function deadLetterHandlers(
  hosted: DeadLettersHost,
  operations: DeadLetterContract,
): Handler[] {
  const { name: module, consumption } = hosted;
  return [
    handler(operations.cleaveDeadLetters, ({ limit, ...by }, { read }) => {
      const { after = 0, source = null, messageKey = null } = by;
      const found = deadLetters(read, limit, { after, source, messageKey });
      return found.map(({ error, ...letter }) => {
        return { module, ...letter, error: error.slice(0, ERROR_LENGTH_MAX) };
      });
    }),
    handler(operations.cleaveRedrive, async ({ id }, { read, transaction, fail }) => {
      const letter = deadLetter(read, id);
      const before = letter && blockerOf(read, letter);
      if (before !== undefined) throw fail("ALREADY_BEHIND_ANOTHER", { id: before });
      // The kernel makes every transaction, and makes them with a trace.
      const redriving = transaction((tx) => redriveIn(tx as TracedTransaction, id, hosted));
      try {
        return await redriving;
      } catch (error) {
        if (letter === undefined || isTransportError(error)) throw error;
        await noteFailure(letter, error, hosted);
        throw fail("REDRIVE_FAILED", { id, error: String(error) });
      } finally {
        consumption.retries.notice();
      }
    }),
    handler(operations.cleaveRedriveAll, async ({ limit, ...filter }, { read, transaction }) => {
      try {
        const answer = await redriveAll(deadLetters(read, limit, { after: 0, ...filter }), hosted);
        return await transaction(() => answer);
      } finally {
        consumption.retries.notice();
      }
    }),
    handler(operations.cleaveSetAside, ({ producer, seq }, { transaction }) =>
      transaction(() => ({ accepted: consumption.pass(producer, seq) })),
    ),
    handler(operations.cleaveDiscard, async ({ id }, { transaction }) => {
      const answer = await transaction((tx) => {
        const letter = deadLetter(tx, id);
        if (letter !== undefined) removeDeadLetter(tx, letter, tx.now);
        return { discarded: letter !== undefined };
      });
      consumption.retries.notice();
      return answer;
    }),
  ];
}

/** Redrives one after the other until one fails. */
async function redriveAll(letters: readonly StoredDeadLetter[], hosted: DeadLettersHost) {
  let redriven = 0;
  for (const letter of letters) {
    const { id } = letter;
    try {
      const answer = await hosted.transact((tx) => redriveIn(tx, id, hosted));
      if (answer.reason !== undefined) return { redriven, failed: { id, error: answer.reason } };
      if (answer.redriven) redriven += 1;
    } catch (error) {
      await noteFailure(letter, error, hosted);
      return { redriven, failed: { id, error: String(error) } };
    }
  }
  return { redriven, failed: null };
}

/** Redrives a dead letter in the open transaction, unless it is gone or a newer job is planned. */
function redriveIn(
  tx: TracedTransaction,
  id: number,
  hosted: DeadLettersHost,
): { redriven: boolean; reason?: string } {
  const letter = deadLetter(tx, id);
  if (letter === undefined) return { redriven: false };
  if (letter.kind === "event") {
    hosted.consumption.retries.redrive(tx, letter);
    return { redriven: true };
  }
  const { name, key, payload } = letter;
  if (!hosted.replan(tx, { name, key, payload })) {
    const reason =
      `The job ${name} of ${key} was planned anew since this one was given up, and is left as it ` +
      "is. Discard the dead letter, or redrive it when the newer one has run.";
    return { redriven: false, reason };
  }
  removeDeadLetter(tx, letter, tx.now);
  return { redriven: true };
}

/** A failure of the writer is no failure of the letter. */
async function noteFailure(letter: StoredDeadLetter, error: unknown, hosted: DeadLettersHost) {
  if (letter.kind === "job" || isTransportError(error)) return;
  await hosted.consumption.retries.failed(letter, error);
}
