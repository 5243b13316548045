import { orders } from "#modules/orders";
import { shipping } from "#modules/shipping";
import type { Call, Contract } from "#runtime";

/** Where an answer says which thing it is about, and how that stands. */
interface Told {
  readonly id: string;
  readonly state: string;
  /** The states that may follow one, beside itself; any may follow one that is not named. */
  readonly follow: { readonly [state: string]: readonly string[] };
}

const told: { readonly [procedure: string]: Told } = {
  [orders.checkoutById.name]: {
    id: "checkoutId",
    state: "state",
    follow: { confirmed: [], rejected: [] },
  },
  [orders.orderById.name]: {
    id: "orderId",
    state: "status",
    follow: {
      confirmed: ["cancelling", "cancelled", "completed"],
      cancelling: ["confirmed", "cancelled", "completed"],
      rejected: [],
      cancelled: [],
      completed: [],
    },
  },
  [orders.refundById.name]: {
    id: "refundId",
    state: "state",
    follow: { failed: ["succeeded"], succeeded: [] },
  },
  [shipping.shipmentById.name]: {
    id: "shipmentId",
    state: "state",
    follow: { shipped: ["delivered"], delivered: [], cancelled: [] },
  },
};

/**
 * Makes a client's calls fail when an answer tells an older state than one that the client had been
 * given before it asked. Of calls under way at once, either answer may come first.
 */
export function neverBackwards<Uses extends Contract>(call: Call<Uses>): Call<Uses> {
  const known = new Map<string, string>();
  async function watched(...asked: Parameters<Call<Uses>>) {
    const [procedure] = asked;
    const about = told[procedure.name];
    if (about === undefined) return call(...asked);
    const before = new Map(known);
    const answer: unknown = await call(...asked);
    const fields: { readonly [field: string]: unknown } = Object(answer);
    const id = `${procedure.name} ${fields[about.id]}`;
    const state = String(fields[about.state]);
    const last = before.get(id);
    if (!mayFollow(about, last, state)) {
      throw new Error(`To a client ${id} was ${last}, and then ${state}.`);
    }
    if (mayFollow(about, known.get(id), state)) known.set(id, state);
    return answer;
  }
  return watched as never;
}

function mayFollow({ follow }: Told, last: string | undefined, state: string): boolean {
  if (last === undefined || last === state) return true;
  return follow[last]?.includes(state) ?? true;
}
