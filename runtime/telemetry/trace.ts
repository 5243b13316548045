/** Where a piece of work belongs, after W3C Trace Context. */
export interface Trace {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/**
 * Reads a `traceparent` header; undefined when it isn't valid.
 *
 * Takes later versions, as the standard asks: of those only the part that is known is read.
 */
export function parseTraceparent(header: string): Trace | undefined {
  if (header.length < HEADER_LENGTH) return undefined;
  const match = pattern.exec(header);
  const [, version, traceId, spanId, flags = "", rest] = match ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (allZero.test(traceId) || allZero.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const HEADER_LENGTH = 55;
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const allZero = /^0+$/;
