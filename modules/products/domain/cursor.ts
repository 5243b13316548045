/** Where a page ended: the sort key and number of its last product, and how its words were read. */
export interface Cursor {
  readonly reading: Reading;
  readonly key: string | number;
  readonly number: number;
}

/**
 * How a search reads its words: as typed, corrected, or any of them. A cursor keeps it, so that
 * later pages are of the same list.
 */
export type Reading = "typed" | "corrected" | "any";

const readings: readonly Reading[] = ["typed", "corrected", "any"];

/** Writes a cursor for this query. `query` is any text that tells queries apart. */
export function writeCursor(query: string, { reading, key, number }: Cursor): string {
  const fields = [fingerprint(query), readings.indexOf(reading), key, number];
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

/** Reads a cursor back; undefined unless it was written for this query, with this kind of key. */
export function readCursor(
  query: string,
  { text, key: wanted }: { text: string; key: "string" | "number" },
): Cursor | undefined {
  const fields = parsed(Buffer.from(text, "base64url").toString());
  if (!Array.isArray(fields) || fields.length !== 4) return undefined;
  const [mark, readingIndex, key, number]: unknown[] = fields;
  if (mark !== fingerprint(query) || typeof readingIndex !== "number") return undefined;
  const reading = readings[readingIndex];
  if (reading === undefined || !Number.isSafeInteger(number)) return undefined;
  if (typeof number !== "number" || typeof key !== wanted) return undefined;
  return typeof key === "string" || typeof key === "number" ? { reading, key, number } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** FNV-1a of the text. It guards against mistakes, not against malice: a cursor gives no rights. */
function fingerprint(text: string): number {
  let state = 2_166_136_261;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 16_777_619) >>> 0;
  }
  return state;
}
