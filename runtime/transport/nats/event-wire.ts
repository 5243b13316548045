import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { type Static, t } from "../../contract/schema.ts";
import type { Envelope } from "../transport.ts";
import type { Message } from "./link.ts";

const SEQ = "cleave-seq";
const VERSION = "cleave-version";
const TRACE = "cleave-trace";
const OCCURRED = "cleave-occurred-ms";
const DATABASE = "cleave-database";
const AFTER = "cleave-after-";

/** For each reader that wants an event: the seq of the one before that it wanted, or 0. */
export type Predecessors = ReadonlyMap<string, number>;

/**
 * The headers of an event in its stream, as lines: its place in the log of this database, and for
 * each reader which of its events came before, so that a reader sees at once when one is missing.
 */
export function eventHeaders(
  { seq, version, traceId, occurredAtMs }: Envelope,
  { database, predecessors }: { readonly database: string; readonly predecessors: Predecessors },
): string {
  let lines =
    `${SEQ}: ${seq}\r\n${VERSION}: ${version}\r\n${TRACE}: ${traceId}\r\n` +
    `${OCCURRED}: ${occurredAtMs}\r\n${DATABASE}: ${database}\r\n`;
  for (const [reader, before] of predecessors) lines += `${AFTER}${reader}: ${before}\r\n`;
  return lines;
}

/** The seq of an event in a stream; undefined when it is not one of Cleave's. */
export function seqIn({ headers }: Message): number | undefined {
  const seq = Number(headers?.get(SEQ) || Number.NaN);
  return Number.isSafeInteger(seq) ? seq : undefined;
}

/** The id of the database that an event is from; undefined where an older version wrote it. */
export function databaseIn({ headers }: Message): string | undefined {
  return headers?.get(DATABASE) || undefined;
}

/**
 * Reads an event from its stream for one reader; undefined when it is not one of Cleave's. `after`
 * is the seq of the event that this reader must have before; unknown when the producer did not
 * know of the reader.
 */
export function eventIn(
  msg: Message,
  reader: string,
): { readonly envelope: Envelope; readonly after: number | undefined } | undefined {
  const [kind, module = "", , event = ""] = msg.subject.split(".");
  const seq = seqIn(msg);
  if (kind !== "ev" || seq === undefined) return undefined;
  const envelope = {
    module,
    event,
    version: Number(msg.headers?.get(VERSION)),
    seq,
    traceId: msg.headers?.get(TRACE) ?? "",
    occurredAtMs: Number(msg.headers?.get(OCCURRED)),
    payload: msg.string(),
  };
  const after = msg.headers?.get(AFTER + reader) ?? "";
  return { envelope, after: after === "" ? undefined : Number(after) };
}

const seq = t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const toldSchema = t.Object({
  events: t.Array(t.String({ minLength: 1, maxLength: 200 }), { maxItems: 512 }),
  position: seq,
  /** True when it has just begun to listen: what it is sent may have been lost meanwhile. */
  attached: t.Boolean(),
  /** The seq before which it misses events after its position. */
  missingBefore: t.Union([seq, t.Null()]),
  /** True when it has nothing to take in: the event after its position has not come. */
  idle: t.Boolean(),
});

/** What a reader tells a producer. */
export type Told = Readonly<Static<typeof toldSchema>>;

const toldCheck: TypeCheck<typeof toldSchema> = TypeCompiler.Compile(toldSchema);
/** The longest text of it that is read; one with 512 long names is shorter. */
const TOLD_LENGTH_MAX = 128 * 1024;

/** What a reader tells, as a payload. */
export function toldPayload(told: Told): string {
  return JSON.stringify(told);
}

/** Reads what a reader tells; undefined when it makes no sense. */
export function toldIn(message: Message): Told | undefined {
  try {
    const text = message.string();
    if (text.length > TOLD_LENGTH_MAX) return undefined;
    const told: unknown = JSON.parse(text);
    return toldCheck.Check(told) ? told : undefined;
  } catch {
    return undefined;
  }
}
