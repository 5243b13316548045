import {
  type ConnectionOptions,
  connect,
  type NatsConnection,
  TimeoutError,
} from "@nats-io/transport-node";

const ATTEMPT_MS_MAX = 5_000;
const ATTEMPTS_MAX = 6;

/**
 * Connects, on a machine under load at a later attempt than the first.
 *
 * A server drops a client that needs more than two seconds to sign, and the client does not notice:
 * it waits for as long as it was told to. Where nobody listens or somebody refuses, that is known
 * at once, and nothing is repeated.
 */
export async function connectPatiently(options: ConnectionOptions): Promise<NatsConnection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect({ timeout: ATTEMPT_MS_MAX, ...options });
    } catch (error) {
      if (!(error instanceof TimeoutError) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
