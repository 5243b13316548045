/** The longest duration that can be asked for, in milliseconds: a hundred years. */
const DURATION_MS_MAX = 100 * 366 * 24 * 3_600_000;
/** The last point in time that there is, in milliseconds since 1970: the last of a `Date`. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/**
 * Returns a point in time as whole milliseconds since 1970, rounded up. One that is past is valid
 * and means "at once". Throws a TypeError that names `what` for anything else, such as the NaN of
 * `Date.parse("tomorrow")`.
 */
export function timePoint(atMs: number, what: string): number {
  if (isWithin(atMs, [0, TIME_MS_MAX])) return Math.ceil(atMs);
  throw new TypeError(
    `${what} is ${shown(atMs)}, which is not a point in time. Give milliseconds since 1970 as a ` +
      `number from 0 to ${TIME_MS_MAX}, such as now() + 60_000.`,
  );
}

/**
 * Returns what is left of a duration, in milliseconds. Zero or less is valid and means that nothing
 * is left. Throws a TypeError that names `what` unless it is a finite number of at most
 * `DURATION_MS_MAX`.
 */
export function timeLeft(ms: number, what: string): number {
  if (isWithin(ms, [-TIME_MS_MAX, DURATION_MS_MAX])) return ms;
  throw noDuration(ms, what);
}

/**
 * Returns a duration that is fixed in a definition, in milliseconds. Throws a TypeError that names
 * `what` unless it is a number above zero of at most `DURATION_MS_MAX`.
 */
export function duration(ms: number, what: string): number {
  if (ms !== 0 && isWithin(ms, [0, DURATION_MS_MAX])) return ms;
  throw noDuration(ms, what);
}

/**
 * Returns a version. Throws a TypeError that names `what` unless it is a whole number from 1 on.
 */
export function versionNumber(version: number, what: string): number {
  if (Number.isSafeInteger(version) && version >= 1) return version;
  throw new TypeError(`${what} is ${shown(version)}. Give a whole number from 1 on.`);
}

function isWithin(value: unknown, [least, most]: readonly [number, number]): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function noDuration(ms: unknown, what: string): TypeError {
  return new TypeError(
    `${what} is ${shown(ms)}, which is not a duration. Give milliseconds as a number of at most ` +
      `${DURATION_MS_MAX} (a hundred years), such as 10_000.`,
  );
}

function shown(value: unknown): string {
  if (typeof value === "bigint") return `${value}n, a bigint`;
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}
