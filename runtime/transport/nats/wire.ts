import { type Identity, settledIdentity } from "../../contract/identity.ts";
import type { CallRequest } from "../transport.ts";
import type { Message } from "./link.ts";

const TIMEOUT = "cleave-timeout-ms";
const REQUEST = "cleave-request";
const TRACE = "traceparent";
/** The header of a message that gives up the request with the same reply subject. */
const CANCEL = "cleave-cancel";
/** The header of a message that only asks whether the instance is connected. */
const PROBE = "cleave-probe";
/** The header of a reply whose payload is an error. */
const ERROR = "cleave-error";
/** What stands before and after the lines of headers. */
const FRAME_BYTES = "NATS/1.0\r\n\r\n".length;
const encoder = new TextEncoder();

/** What goes with a call, as its headers tell it. */
export type SentRequest = Pick<CallRequest, "identity" | "traceId" | "key" | "repeatsSinceMs"> & {
  /** What is left of the caller's time, in milliseconds. */
  readonly timeoutMs: number;
};

/**
 * The headers of a call: the trace as in W3C Trace Context, what is left of the caller's time, and
 * on whose behalf it is made, as lines. JSON keeps line ends out of them.
 */
export function requestHeaders(
  { identity, key, repeatsSinceMs, traceId }: CallRequest,
  { timeoutMs, spanId }: { readonly timeoutMs: number; readonly spanId: string },
): string {
  const about = JSON.stringify({ identity, key, repeatsSinceMs });
  return (
    `${TRACE}: 00-${traceId}-${spanId}-01\r\n${TIMEOUT}: ${Math.ceil(timeoutMs)}\r\n` +
    `${REQUEST}: ${about}\r\n`
  );
}

/** Reads a call's headers; undefined when they are not a caller's of Cleave. */
export function requestIn({ headers }: Message): SentRequest | undefined {
  const timeoutMs = Number(headers?.get(TIMEOUT));
  const [, traceId] = /^00-([0-9a-f]{32})-/.exec(headers?.get(TRACE) ?? "") ?? [];
  if (traceId === undefined || !Number.isFinite(timeoutMs)) return undefined;
  try {
    const { identity, key, repeatsSinceMs } = JSON.parse(headers?.get(REQUEST) ?? "");
    if (!isIdentity(identity) || !(key === undefined || typeof key === "string")) return undefined;
    const mark = typeof repeatsSinceMs === "number" ? { repeatsSinceMs } : {};
    return { identity: settledIdentity(identity), key, traceId, timeoutMs, ...mark };
  } catch {
    return undefined;
  }
}

/** The headers of a message that gives up a request. */
export const cancelHeaders = `${CANCEL}: 1\r\n`;

/** Tells whether a message gives up the request with the same reply subject. */
export function isCancel({ headers }: Message): boolean {
  return headers?.has(CANCEL) === true;
}

/** The headers of a message that asks whether an instance is connected; the answer is empty. */
export const probeHeaders = `${PROBE}: 1\r\n`;

/** Tells whether a message asks whether this instance is connected. */
export function isProbe({ headers }: Message): boolean {
  return headers?.has(PROBE) === true;
}

/** The headers of a reply whose payload is a `WireError`. */
export const errorHeaders = `${ERROR}: 1\r\n`;

/** Tells whether a reply's payload is a `WireError`. */
export function isError({ headers }: Message): boolean {
  return headers?.has(ERROR) === true;
}

/** A text as a payload. */
export function payloadOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** What the broker counts of a message: its limit is for the payload with the headers. */
export function bytesOf(payload: Uint8Array, headers: string): number {
  return payload.byteLength + FRAME_BYTES + Buffer.byteLength(headers);
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const { kind } = value;
  if (kind === "anonymous" || kind === "system") return true;
  return (
    kind === "user" &&
    "userId" in value &&
    typeof value.userId === "string" &&
    "role" in value &&
    (value.role === "customer" || value.role === "staff" || value.role === "admin")
  );
}
