import { FormatRegistry } from "@sinclair/typebox";

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const TIME = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;
const ADDRESS = /^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\]+\.[^\s@<>()[\],;:"\\.]+$/;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const URI = /^[a-z][a-z\d+.-]*:[^\s"<>\\^`{|}]+$/i;

/** The formats that a contract's text may have, with what each accepts. */
const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  /** An absolute URI (RFC 3986), by its characters and its scheme. */
  ["uri", (text: string) => URI.test(text)],
  /** A mail address without a display name and without quotes, at a name with a dot. */
  ["email", (text: string) => ADDRESS.test(text)],
  ["uuid", (text: string) => UUID.test(text)],
  /** A day that exists, as in `2024-02-29`. */
  ["date", isDate],
  /** An RFC 3339 time with its zone, as in `2024-02-29T12:00:00Z`. */
  ["date-time", (text: string) => text[10]?.toUpperCase() === "T" && isDateTime(text)],
]);

// The registry is TypeBox's and shared by all in a process: what a contract means must not depend
// on who else is in it. Elysia leaves names alone that are registered before it is loaded.
for (const [name, accepts] of formats) FormatRegistry.Set(name, accepts);

/** Throws for a format that is not among those that mean the same in every process. */
export function assertFormat(format: string, where: string): void {
  if (formats.has(format)) return;
  throw new TypeError(
    `${where} has the format ${format}, which not every process knows. Use ` +
      `${[...formats.keys()].join(", ")}, or a pattern.`,
  );
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const last = Number(month) === 2 && isLeap(Number(year)) ? 29 : DAYS[Number(month) - 1];
  return last !== undefined && Number(day) >= 1 && Number(day) <= last;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && TIME.test(text.slice(11));
}
