/**
 * The NATS server cannot be used as it is; the message says why and what to do.
 */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
}
