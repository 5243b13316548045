import { percentile } from "../figure.ts";
import { connect, type HttpConnection, type PreparedRequest, requestBytes } from "./connection.ts";

/** What came of a load. */
export interface Fired {
  readonly ratePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not as expected. */
  readonly errors: number;
  /** The first unexpected answer, for the message. */
  readonly firstError: string | null;
}

/** What a load sends, how it sends it, and what must come back. */
export interface Load {
  readonly origin: string;
  readonly clients: number;
  /**
   * When given, requests are due at this rate, whether or not those before were answered; how long
   * one took is counted from then.
   */
  readonly ratePerSecond?: number;
  readonly requests: readonly PreparedRequest[];
  readonly expectStatus: number;
  /** A part of the body that every answer must have. */
  readonly expectText: string;
}

/**
 * Sends every request once, each client the next one as soon as it has its answer, and times it
 * from the first byte to the last answer.
 */
export async function fire(load: Load): Promise<Fired> {
  const { origin, clients, ratePerSecond, requests, expectStatus, expectText } = load;
  const bytes = requests.map(requestBytes);
  const latenciesMs = new Float64Array(bytes.length);
  const connections = await Promise.all(Array.from({ length: clients }, () => connect(origin)));
  let next = 0;
  let errors = 0;
  let firstError: string | null = null;

  /** Resolves when a request is due, with that time. */
  async function due(index: number): Promise<number> {
    const nowMs = performance.now();
    if (ratePerSecond === undefined) return nowMs;
    const dueMs = startedMs + (index * 1_000) / ratePerSecond;
    if (dueMs > nowMs) await Bun.sleep(dueMs - nowMs);
    return dueMs;
  }

  async function client(connection: HttpConnection): Promise<void> {
    while (next < bytes.length) {
      const index = next++;
      const sentMs = await due(index);
      const { status, body } = await connection.send(bytes[index] ?? new Uint8Array());
      latenciesMs[index] = performance.now() - sentMs;
      if (status === expectStatus && body.includes(expectText)) continue;
      errors++;
      firstError ??= `${status} ${body.toString().slice(0, 400)}`;
    }
  }

  const startedMs = performance.now();
  await Promise.all(connections.map(client));
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const connection of connections) connection.close();
  const sorted = [...latenciesMs.sort()];
  return {
    ratePerSecond: bytes.length / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    errors,
    firstError,
  };
}
