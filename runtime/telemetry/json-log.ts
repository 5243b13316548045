import type { Fields, Level, Log } from "./log.ts";

const severity = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<Level, number>;

const DEPTH_MAX = 8;
const ITEMS_MAX = 100;
/** Values in one field: lists within lists, each within its limits, would still have no end. */
const VALUES_MAX = 1_000;
const TEXT_LENGTH_MAX = 8_192;
const NAMES_MAX = 1_000;
const BUFFER_LENGTH_MAX = 64 * 1024;
const hidden = "[hidden]";
const secretName =
  /pass(word|phrase)|secret|token|^(proxy-)?authorization$|cookie|(api|private)[_-]?key|credent/i;
/** The user and password in an address such as `smtp://user:password@host`. */
const userInfo = /(:\/\/)[^\s/@]*@/g;

export interface JsonLogOptions {
  /** Less serious lines are dropped. */
  readonly level: Level;
  /** Takes whole lines, each with its line end; several at once when they came together. */
  readonly sink: (lines: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Runs `work` soon. Lines written before then go to the sink together; without it, one by one.
   */
  readonly defer?: (work: () => void) => void;
}

/** A log with its buffer in hand. */
export interface JsonLog extends Log {
  /** Gives what is buffered to the sink at once: before an exit, and after a defect. */
  flush(): void;
}

/**
 * A log of JSON lines: `{ time, level, message, …fields }`.
 *
 * Never throws and never writes a secret: the values of fields whose names speak of passwords,
 * tokens, cookies and the like are replaced at any depth. Errors come with name, message, stack and
 * cause. Depth, length, and the number of items and of values are limited. Errors are flushed at
 * once.
 */
export function jsonLog(options: JsonLogOptions): JsonLog {
  const buffer = lineBuffer(options);
  return { ...bound(options, buffer, ""), flush: buffer.flush };
}

type LineBuffer = { readonly add: (line: string) => void; readonly flush: () => void };

function lineBuffer({ sink, defer }: JsonLogOptions): LineBuffer {
  let waiting = "";
  let scheduled = false;
  const flush = () => {
    const lines = waiting;
    waiting = "";
    if (lines !== "") sink(lines);
  };
  const later = () => {
    scheduled = false;
    flush();
  };
  const add = (line: string) => {
    waiting += line;
    if (defer === undefined || waiting.length > BUFFER_LENGTH_MAX) return flush();
    if (scheduled) return;
    scheduled = true;
    defer(later);
  };
  return { add, flush };
}

function bound(options: JsonLogOptions, buffer: LineBuffer, always: string): Log {
  const { now } = options;
  const least = severity[options.level];
  const write = (level: Level, message: string, fields: Fields | undefined) => {
    if (severity[level] < least) return;
    const opening = `{"time":"${timeText(now())}","level":"${level}","message":`;
    const rest = fields === undefined ? always : always + written(fields);
    buffer.add(`${opening}${JSON.stringify(cut(message))}${rest}}\n`);
    if (level === "error") buffer.flush();
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    with: (fields) => bound(options, buffer, always + written(fields)),
  };
}

let lastMs = Number.NaN;
let lastText = "";

/** Remembers the last one: under load, many lines are of one millisecond. */
function timeText(atMs: number): string {
  if (atMs !== lastMs) {
    lastMs = atMs;
    lastText = new Date(atMs).toISOString();
  }
  return lastText;
}

/** The fields as the inside of a JSON object, each with a comma before it. */
function written(fields: Fields): string {
  let text = "";
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    const opening = openings.get(name) ?? openingOf(name);
    text += opening.isSecret ? opening.text : opening.text + valueText(value);
  }
  return text;
}

function valueText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
  return JSON.stringify(shownValue(value, { above: [], field: { left: VALUES_MAX } })) ?? "null";
}

type Opening = { readonly text: string; readonly isSecret: boolean };

/** What is written for a field's name, so that a name is looked at only once. */
const openings = new Map<string, Opening>();

function openingOf(name: string): Opening {
  const isSecret = secretName.test(name);
  const isOurs = name === "time" || name === "level" || name === "message";
  const key = `,${JSON.stringify(isOurs ? `field_${name}` : name)}:`;
  const opening = { text: isSecret ? `${key}"${hidden}"` : key, isSecret };
  if (openings.size < NAMES_MAX) openings.set(name, opening);
  return opening;
}

/** Where a value stands: the objects that it lies within, and how many more its field may have. */
interface Place {
  readonly above: readonly object[];
  readonly field: { left: number };
}

/** The value as JSON can hold it. */
function shownValue(value: unknown, { above, field }: Place): unknown {
  if (field.left <= 0) return "[more]";
  field.left -= 1;
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "symbol") return value.toString();
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return "[circular]";
  if (above.length >= DEPTH_MAX) return "[deep]";
  try {
    return shownObject(value, { above: [...above, value], field });
  } catch {
    return "[unreadable]";
  }
}

function shownObject(value: object, place: Place): unknown {
  if (value instanceof Error) return shownError(value, place);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => shownValue(item, place));
  if (value instanceof Map) return shownObject(Object.fromEntries(value), place);
  if (value instanceof Set) return shownObject([...value], place);
  const shown: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value).slice(0, ITEMS_MAX)) {
    shown[name] = secretName.test(name) ? hidden : shownValue(item, place);
  }
  return shown;
}

function shownError(error: Error, place: Place): Fields {
  const shown: Record<string, unknown> = { name: error.name, message: cut(error.message) };
  for (const [name, item] of Object.entries(error).slice(0, ITEMS_MAX)) {
    if (name in shown || name === "stack") continue;
    shown[name] = secretName.test(name) ? hidden : shownValue(item, place);
  }
  if (error.stack !== undefined) shown["stack"] = cut(error.stack);
  if (error instanceof AggregateError) shown["errors"] = shownValue(error.errors, place);
  if (error.cause !== undefined) shown["cause"] = shownValue(error.cause, place);
  return shown;
}

function cut(text: string): string {
  const short = text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}…`;
  return short.includes("://") ? short.replace(userInfo, `$1${hidden}@`) : short;
}
