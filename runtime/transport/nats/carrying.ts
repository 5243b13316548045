import { BrokerError } from "./broker-error.ts";
import { PAYLOAD_BYTES_MAX } from "./limits.ts";
import type { Link } from "./link.ts";

/**
 * Returns a connection whose broker carries what modules of one process may send one another.
 * Closes it and throws a BrokerError when the broker carries less.
 */
export async function carrying<L extends Pick<Link, "url" | "payloadBytesMax" | "close">>(
  connection: L,
): Promise<L> {
  const { url, payloadBytesMax } = connection;
  if (payloadBytesMax >= PAYLOAD_BYTES_MAX) return connection;
  await connection.close().catch(() => {}); // The error below says what is wrong.
  throw new BrokerError(
    `The nats-server at ${url} carries messages of at most ${payloadBytesMax} bytes; Cleave ` +
      `sends up to ${PAYLOAD_BYTES_MAX}. Write "max_payload: ${PAYLOAD_BYTES_MAX}" into its ` +
      "config and have it read that anew (nats-server --signal reload).",
  );
}
