// What a broker takes and keeps at most, as Cleave sets it up.

import { VALUE_BYTES_MAX } from "../../contract/size.ts";

/** The headers of a message, and the frame of an error around its data. */
const HEADERS_BYTES_MAX = 64 * 1024;
/**
 * A message with its headers. A broker that carries less would refuse what modules of one process
 * send one another.
 */
export const PAYLOAD_BYTES_MAX = VALUE_BYTES_MAX + HEADERS_BYTES_MAX;
/** A stream; its oldest events go first. Where the volume is small it is less. */
export const STREAM_BYTES_MAX = 256 * 1024 * 1024;
/** How old an event in a stream gets. */
export const EVENT_AGE_MS_MAX = 7 * 24 * 60 * 60 * 1_000;
/** How long a reader may take with an event before it comes again, and how many it may have. */
export const ACK_WAIT_MS = 30_000;
export const ACK_PENDING_MAX = 1_024;

/**
 * How long a nats-server may take to end on SIGTERM, in milliseconds, before it is killed: 2.9 does
 * not end when its disk is full.
 */
export const TERM_MS_MAX = 5_000;
