import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { callSubject, queueOf } from "../../transport/nats/subjects.ts";
import { order, totalOf } from "../specimen/order.ts";
import { drive, pace } from "./drive.ts";

const TIMEOUT_MS = 10_000;
const PACED_TIMEOUT_MS = 3_000;
const decoder = new TextDecoder();

/** How many calls, or at which rate. */
export type BareLoad =
  | { readonly count: number; readonly inFlight: number }
  | { readonly ratePerSecond: number; readonly seconds: number };

/** The side that calls, with `request` as the client has it. */
export function bareAsking(client: NatsConnection) {
  const subject = callSubject("bare-pricing", "totalOf", "bare-asking");
  const ask = async (timeout: number): Promise<{ total: { amount: number } }> => {
    const { data } = await client.request(subject, JSON.stringify(order), { timeout });
    return JSON.parse(decoder.decode(data));
  };
  return async (load: BareLoad): Promise<unknown> =>
    "count" in load
      ? await drive(load, () => ask(TIMEOUT_MS))
      : await pace(load, () => ask(PACED_TIMEOUT_MS));
}

/** The side that is called. */
export function barePricing(client: NatsConnection, delayMs: number) {
  const answer = (msg: Msg) => {
    const { orderId, currency, lines }: typeof order = JSON.parse(decoder.decode(msg.data));
    msg.respond(JSON.stringify({ orderId, total: { amount: totalOf(lines), currency } }));
  };
  client.subscribe(callSubject("bare-pricing", "*", "*"), {
    queue: queueOf("bare-pricing"),
    callback: (_, msg) => void (delayMs === 0 ? answer(msg) : setTimeout(answer, delayMs, msg)),
  });
  return () => client.flush();
}
