import { command, type contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import type { Consumption } from "../messaging/consumption.ts";
import type { Missing } from "../messaging/outbox.ts";
import type { Transaction } from "../messaging/transaction.ts";
import type { Reader } from "../transport/transport.ts";
import { type Handler, handler } from "./handler.ts";

/** Modules that read one module's events, and events of a module, at most. */
const READERS_MAX = 500;
const EVENTS_MAX = 500;

/** What every module offers on those who read its events, and on what it reads itself. */
export const readerOperations = {
  /** Who reads this module's events, how far, and whether some that they want were removed. */
  cleaveReaders: query({
    ownerOnly: true,
    input: t.Object({}),
    output: t.Array(
      t.Object({
        module: t.String(),
        reader: t.String(),
        events: t.Array(t.String(), { maxItems: EVENTS_MAX }),
        position: t.Integer(),
        missing: t.Union([
          t.Object({ count: t.Integer(), isExact: t.Boolean(), upTo: t.Integer() }),
          t.Null(),
        ]),
      }),
      { maxItems: READERS_MAX },
    ),
  }),
  /**
   * Has this module pass over the events of a producer up to a seq, because they were removed
   * before it took them in. Nothing happens when it is past that.
   */
  cleaveSkip: command({
    input: t.Object({ producer: t.String(), upTo: t.Integer({ minimum: 1 }) }),
    output: t.Object({ skipped: t.Boolean() }),
  }),
};

/** The operations under the name of a module. */
type ReaderContract = ReturnType<typeof contract<string, typeof readerOperations>>;

/** What the operations on readers need of their module. */
export interface ReadersHost {
  readonly name: string;
  readonly consumption: Consumption;
  /** Who reads the module's events, and who of them misses some. */
  readonly readers: ReadonlyMap<string, Reader>;
  readonly missing: readonly Missing[];
}

/** What answers the operations on readers. */
export function readerHandlers(hosted: ReadersHost, operations: ReaderContract): Handler[] {
  const { name: module, consumption } = hosted;
  return [
    handler(operations.cleaveReaders, () =>
      [...hosted.readers].map(([reader, { events, position }]) => {
        const missing = hosted.missing.find((one) => one.reader === reader) ?? null;
        return { module, reader, events: [...events], position, missing };
      }),
    ),
    handler(operations.cleaveSkip, async ({ producer, upTo }, { transaction }) => {
      const work = (tx: Transaction) => ({ skipped: consumption.skip(tx, producer, upTo) });
      const answer = await transaction(work);
      consumption.skipped(producer, upTo);
      return answer;
    }),
  ];
}
