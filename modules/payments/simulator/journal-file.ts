import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";

const CHUNK_BYTES = 1 << 20;

/**
 * A file that grows by whole lines: an append that fails, as on a full disk, leaves nothing behind.
 *
 * What was appended has been handed to the operating system: it outlives the process, not a power
 * cut.
 */
export class JournalFile {
  readonly #file: number;
  #path: string;
  #bytes: number;
  /** True while the end of the file may hold a part of what could not be written. */
  #isTorn = false;

  /** Opens a file and makes it if it is missing; a new one is empty, whatever was there. */
  constructor(path: string, { isNew = false } = {}) {
    const { O_RDWR, O_CREAT, O_TRUNC } = constants;
    this.#path = path;
    this.#file = openSync(path, O_RDWR | O_CREAT | (isNew ? O_TRUNC : 0), 0o600);
    this.#bytes = fstatSync(this.#file).size;
  }

  get path(): string {
    return this.#path;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends all of it and returns where it begins; or appends nothing and throws the error. */
  append(line: Uint8Array): number {
    if (this.#isTorn) this.truncate(this.#bytes);
    const offset = this.#bytes;
    this.#isTorn = true;
    try {
      for (let done = 0; done < line.length; ) {
        done += writeSync(this.#file, line, done, line.length - done, offset + done);
      }
    } catch (error) {
      this.truncate(offset);
      throw error;
    }
    this.#isTorn = false;
    this.#bytes = offset + line.length;
    return offset;
  }

  /** Cuts off what is behind a place. It takes no room on the disk. */
  truncate(bytes: number): void {
    ftruncateSync(this.#file, bytes);
    this.#bytes = bytes;
    this.#isTorn = false;
  }

  /** Reads into a buffer from a place; returns how many bytes there were. */
  read(into: Uint8Array, offset: number): number {
    return readSync(this.#file, into, 0, into.length, offset);
  }

  /** Hands over all whole lines, each with its line end and where it begins. */
  eachLine(take: (line: Buffer, offset: number) => void): { readonly wholeBytes: number } {
    let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let wholeBytes = 0;
    while (wholeBytes < this.#bytes) {
      const read = this.read(chunk, wholeBytes);
      const lines = chunk.subarray(0, read);
      const end = lines.lastIndexOf(10) + 1;
      if (end === 0 && wholeBytes + read >= this.#bytes) break;
      if (end === 0) chunk = Buffer.allocUnsafe(chunk.length * 2);
      for (let at = 0; at < end; ) {
        const next = lines.indexOf(10, at) + 1;
        take(lines.subarray(at, next), wholeBytes + at);
        at = next;
      }
      wholeBytes += end;
    }
    return { wholeBytes };
  }

  /** Puts this file, synced, in the place of another one, whose name it takes, and closes that. */
  replace(other: JournalFile): void {
    fsyncSync(this.#file);
    renameSync(this.#path, other.path);
    this.#path = other.path;
    other.close();
  }

  /** Closes it and deletes it. */
  discard(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  close(): void {
    closeSync(this.#file);
  }
}
