import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { World } from "#runtime";
import type { ProviderIntent } from "../domain/intent.ts";

/** What the simulator knows of an intent beside what it tells. */
export interface SimulatedIntent {
  readonly token: string;
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

const CHUNK_BYTES = 1 << 20;
const LINE_BYTES_MAX = 1 << 16;
/** What a line is about: an intent changed by a key, or what became of a key or webhook. */
type Subject = { readonly about: string; readonly key: string; readonly owes?: string };

const defaults = { compactAtBytes: 64 << 20 };
const INTENTS_MAX = 500_000;
/** How many of the newest stay when there are too many. */
const INTENTS_KEPT = 400_000;
/** How long the answer to a key is kept once its intent has changed again. */
const KEYS_KEPT_MS = 48 * 60 * 60_000;
/** The beginning of every line; reading back looks no further. */
const head = /^\{"about":"([^"]*)","key":"([^"]*)","owes":"([^"]*)"/;
const HEAD_BYTES_MAX = 600;

/**
 * The simulator's memory: an append-only file of JSON lines with an index from intent and key to
 * the place of a line, so that only places are held in memory.
 *
 * Lines are handed to the operating system before an answer leaves, so they outlive the process,
 * not a power cut. The file is rewritten without superseded lines when it has doubled.
 */
export class Journal {
  readonly #world: World;
  readonly #path: string;
  #file: number;
  #bytes = 0;
  #superseded = 0;
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
    this.#path = join(world.folder(), "intents.jsonl");
    this.#file = openSync(this.#path, existsSync(this.#path) ? "r+" : "wx+", 0o600);
    this.#readBack();
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

  /** Remembers a change. */
  append(line: Line): void {
    const { key, event, intent } = line;
    this.#write(line.atMs, { about: intent.id, key, owes: event?.[0] ?? "" }, line);
    if (this.#bytes > this.#compactAtBytes && this.#isWasteful()) this.#compact();
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
    closeSync(this.#file);
  }

  #isWasteful(): boolean {
    return this.#superseded * 2 > this.#bytes || this.#newest.size > INTENTS_MAX;
  }

  #write(atMs: number, subject: Subject, rest: object): void {
    const { about, key, owes = "" } = subject;
    const text = `${JSON.stringify({ about, key, owes, atMs, ...rest })}\n`;
    const length = this.#buffer.write(text);
    if (length !== Buffer.byteLength(text)) {
      throw new RangeError(`A line of more than ${LINE_BYTES_MAX} bytes for ${about}.`);
    }
    writeSync(this.#file, this.#buffer, 0, length, this.#bytes);
    this.#index({ about, key, owes }, placeOf(this.#bytes, length));
    this.#bytes += length;
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
    const length = place % LINE_BYTES_MAX;
    readSync(this.#file, this.#buffer, 0, length, (place - length) / LINE_BYTES_MAX);
    return JSON.parse(this.#buffer.toString("utf8", 0, length));
  }

  #readBack(): void {
    const size = fstatSync(this.#file).size;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    while (this.#bytes < size) {
      const read = readSync(this.#file, chunk, 0, CHUNK_BYTES, this.#bytes);
      const end = chunk.subarray(0, read).lastIndexOf(10) + 1;
      if (end === 0) break;
      this.#readLines(chunk.subarray(0, end));
    }
    // A line that the process died in was answered to nobody.
    if (this.#bytes < size) ftruncateSync(this.#file, this.#bytes);
    this.#compactAtBytes = Math.max(this.#compactFromBytes, this.#bytes * 2);
  }

  #readLines(lines: Buffer): void {
    for (let at = 0; at < lines.length; ) {
      const length = lines.indexOf(10, at) + 1 - at;
      const begin = lines.toString("latin1", at, at + Math.min(length, HEAD_BYTES_MAX));
      const [, about = "", key = "", owes = ""] = head.exec(begin) ?? [];
      this.#index({ about, key, owes }, placeOf(this.#bytes, length));
      this.#bytes += length;
      at += length;
    }
  }

  #compact(): void {
    const keepFromMs = this.#world.now() - KEYS_KEPT_MS;
    const places = [...this.#newest.values()].slice(-INTENTS_KEPT);
    const known = new Set(places);
    for (const place of [...this.#answers.values(), ...this.#owed.values()]) {
      if (!known.has(place) && (this.#lineAt(place)?.atMs ?? 0) >= keepFromMs) known.add(place);
    }
    const old = this.#file;
    const file = openSync(`${this.#path}.new`, "w+", 0o600);
    let bytes = 0;
    for (const place of [...known].sort((a, b) => a - b)) {
      const length = place % LINE_BYTES_MAX;
      readSync(old, this.#buffer, 0, length, (place - length) / LINE_BYTES_MAX);
      writeSync(file, this.#buffer, 0, length, bytes);
      bytes += length;
    }
    fsyncSync(file);
    renameSync(`${this.#path}.new`, this.#path);
    closeSync(old);
    const stillOwed = new Set(this.#owed.keys());
    this.#restart(file);
    for (const event of this.#owed.keys()) if (!stillOwed.has(event)) this.#owed.delete(event);
  }

  #restart(file: number): void {
    this.#file = file;
    this.#bytes = 0;
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
