import { join } from "node:path";
import type { World } from "#runtime";
import type { ProviderIntent } from "../domain/intent.ts";
import type { Card } from "./card-token.ts";
import { JournalFile } from "./journal-file.ts";
import { holdsToken, withoutToken } from "./journal-upgrade.ts";

/** What the simulator knows of an intent beside what it tells. */
export interface SimulatedIntent {
  readonly card: Card;
  /** When it changes by itself next: a late failure, a pending refund, the end of its life. */
  readonly changesAtMs: number;
  readonly intent: ProviderIntent;
}

/** One change of one intent: a line of the file. */
export interface Line extends SimulatedIntent {
  readonly atMs: number;
  /** The idempotency key that made the change, or "" for one that happened by itself. */
  readonly key: string;
  /** The parameters that came with the key. */
  readonly parameters: string;
  /** The webhook that tells of it: id and type. */
  readonly event: readonly [id: string, type: string] | null;
}

const LINE_BYTES_MAX = 1 << 16;
/** What a line is about: an intent changed by a key, or what became of a key or webhook. */
type Subject = { readonly about: string; readonly key: string; readonly owes?: string };

const defaults = { compactAtBytes: 64 << 20 };
const INTENTS_MAX = 500_000;
/** How many of the newest stay when there are too many. */
const INTENTS_KEPT = 400_000;
/** How long the answer to a key is kept once its intent has changed again. */
const KEYS_KEPT_MS = 48 * 60 * 60_000;
/** The beginning of every line; reading back looks no further. No text within a line holds it. */
const BEGINNING = '{"about":"';
const head = /^\{"about":"([^"]*)","key":"([^"]*)","owes":"([^"]*)"/;
const HEAD_BYTES_MAX = 600;
const CLOSING_BRACE = 0x7d;

/**
 * The simulator's memory: an append-only file of JSON lines with an index from intent and key to
 * the place of a line, so that only places are held in memory.
 *
 * Lines are handed to the operating system before an answer leaves, so they outlive the process,
 * not a power cut. A line that cannot be written is not remembered either. The file is rewritten
 * without superseded lines when it has doubled, and when an older version has written card tokens.
 *
 * What is no whole line when it is opened, such as the last one after a power cut, was answered to
 * nobody: it is passed over, and reported.
 */
export class Journal {
  readonly #world: World;
  #file: JournalFile;
  #superseded = 0;
  /** True when an older version has written card tokens. */
  #holdsTokens = false;
  readonly #compactFromBytes: number;
  #compactAtBytes: number;
  /** Place of the newest line of an intent. */
  #newest = new Map<string, number>();
  /**
   * Place of the line that answered a key, unless it is the newest line of the key's own intent.
   */
  #answers = new Map<string, number>();
  readonly #lost = new Set<string>();
  readonly #owed = new Map<string, number>();
  readonly #buffer = Buffer.allocUnsafe(LINE_BYTES_MAX - 1);

  constructor(world: World, options: { readonly compactAtBytes: number } = defaults) {
    this.#world = world;
    this.#compactFromBytes = options.compactAtBytes;
    this.#compactAtBytes = options.compactAtBytes;
    this.#file = new JournalFile(join(world.folder(), "intents.jsonl"));
    this.#readBack();
    if (this.#holdsTokens) this.#compact();
  }

  /** The newest line of an intent. */
  newest(intentId: string): Line | undefined {
    return this.#lineAt(this.#newest.get(intentId));
  }

  /** The line that answered a key when it was first used. */
  answerTo(key: string): Line | undefined {
    const place = this.#answers.get(key) ?? this.#newest.get(intentIdOf(key));
    return this.#lineAt(place);
  }

  /** Remembers a change; throws the system's error when there is no room, and remembers nothing. */
  append(line: Line): void {
    const { key, event, intent } = line;
    this.#write(line.atMs, { about: intent.id, key, owes: event?.[0] ?? "" }, line);
    if (this.#file.bytes > this.#compactAtBytes && this.#isWasteful()) this.#compact();
  }

  /** Remembers that the first request with this key got lost; true when it was not known yet. */
  lose(key: string): boolean {
    if (this.#lost.has(key)) return false;
    this.#write(this.#world.now(), { about: "lost", key }, {});
    return true;
  }

  /** Remembers that a webhook arrived, or was given up. */
  settled(eventId: string): void {
    if (!this.#owed.has(eventId)) return;
    this.#write(this.#world.now(), { about: "settled", key: eventId }, {});
  }

  /** The changes whose webhooks have not arrived. */
  owed(): Line[] {
    return [...this.#owed.values()].flatMap((place) => this.#lineAt(place) ?? []);
  }

  close(): void {
    this.#file.close();
  }

  #isWasteful(): boolean {
    return this.#superseded * 2 > this.#file.bytes || this.#newest.size > INTENTS_MAX;
  }

  #write(atMs: number, subject: Subject, rest: object): void {
    const { about, key, owes = "" } = subject;
    const text = `${JSON.stringify({ about, key, owes, atMs, ...rest })}\n`;
    const length = this.#buffer.write(text);
    if (length !== Buffer.byteLength(text)) {
      throw new RangeError(`A line of more than ${LINE_BYTES_MAX} bytes for ${about}.`);
    }
    const offset = this.#file.append(this.#buffer.subarray(0, length));
    this.#index({ about, key, owes }, placeOf(offset, length));
  }

  #index({ about, key, owes = "" }: Subject, place: number): void {
    if (about === "lost") {
      this.#lost.add(key);
      return;
    }
    if (about === "settled") {
      this.#owed.delete(key);
      return;
    }
    const before = this.#newest.get(about);
    const creator = keyOf(about);
    if (before !== undefined) {
      this.#superseded += before % LINE_BYTES_MAX;
      if (!this.#answers.has(creator)) this.#answers.set(creator, before);
    }
    if (owes !== "") this.#owed.set(owes, place);
    if (key !== "" && key !== creator) this.#answers.set(key, place);
    this.#newest.set(about, place);
  }

  #lineAt(place: number | undefined): Line | undefined {
    if (place === undefined) return undefined;
    return JSON.parse(withoutToken(this.#bytesAt(place)).toString("utf8"));
  }

  #bytesAt(place: number): Buffer {
    const length = place % LINE_BYTES_MAX;
    const bytes = this.#buffer.subarray(0, length);
    this.#file.read(bytes, (place - length) / LINE_BYTES_MAX);
    return bytes;
  }

  #readBack(): void {
    const { bytes } = this.#file;
    let unreadable = 0;
    const { wholeBytes } = this.#file.eachLine((line, offset) => {
      unreadable += this.#readLine(line, offset);
    });
    if (wholeBytes < bytes) this.#file.truncate(wholeBytes);
    this.#compactAtBytes = Math.max(this.#compactFromBytes, wholeBytes * 2);
    if (unreadable === 0 && wholeBytes === bytes) return;
    this.#world.log.warn("the journal of the payment simulator held what is no whole line", {
      path: this.#file.path,
      cutOffBytes: bytes - wholeBytes,
      passedOverBytes: unreadable,
    });
  }

  /**
   * Takes in a line; returns how many of its bytes are none. A line that was cut, and whose end was
   * not, has the next one behind it.
   */
  #readLine(line: Buffer, offset: number): number {
    const start = Math.max(0, line.lastIndexOf(BEGINNING));
    const length = line.length - start;
    const begin = line.toString("latin1", start, start + Math.min(length, HEAD_BYTES_MAX));
    const [, about, key = "", owes = ""] = head.exec(begin) ?? [];
    const isWhole = line.at(-2) === CLOSING_BRACE && !line.includes(0, start);
    if (about === undefined || !isWhole || length >= LINE_BYTES_MAX) return line.length;
    this.#index({ about, key, owes }, placeOf(offset + start, length));
    this.#holdsTokens ||= holdsToken(line);
    return start;
  }

  /** Rewrites the file; on a full disk it stays as it is until it has grown by half. */
  #compact(): void {
    try {
      const compacted = this.#compacted();
      const stillOwed = new Set(this.#owed.keys());
      this.#restart(compacted);
      for (const event of this.#owed.keys()) if (!stillOwed.has(event)) this.#owed.delete(event);
    } catch (error) {
      this.#compactAtBytes = this.#file.bytes * 1.5;
      const { path } = this.#file;
      this.#world.log.warn("a journal could not be rewritten without its old lines", {
        path,
        error,
      });
    }
  }

  /** Writes what is still asked for into a new file, and puts it in the place of this one. */
  #compacted(): JournalFile {
    const keepFromMs = this.#world.now() - KEYS_KEPT_MS;
    const places = [...this.#newest.values()].slice(-INTENTS_KEPT);
    const known = new Set(places);
    for (const place of [...this.#answers.values(), ...this.#owed.values()]) {
      if (!known.has(place) && (this.#lineAt(place)?.atMs ?? 0) >= keepFromMs) known.add(place);
    }
    const file = new JournalFile(`${this.#file.path}.new`, { isNew: true });
    try {
      for (const place of [...known].sort((a, b) => a - b))
        file.append(withoutToken(this.#bytesAt(place)));
      file.replace(this.#file);
      return file;
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  #restart(file: JournalFile): void {
    this.#file = file;
    this.#superseded = 0;
    this.#newest = new Map();
    this.#answers = new Map();
    this.#owed.clear();
    this.#readBack();
  }
}

/**
 * The intent that a key creates: a simulator may name it so, and needs no index from key to intent.
 */
export function intentIdOf(key: string): string {
  return `pi_${key}`;
}

function keyOf(intentId: string): string {
  return intentId.slice(3);
}

/** Where a line begins and how long it is, in one number: exact for files up to 128 GiB. */
function placeOf(offset: number, length: number): number {
  return offset * LINE_BYTES_MAX + length;
}
