import { payments } from "#modules/payments";
import { port, t } from "#runtime";
import { type Placed, type Placement, place } from "../../../runtime/testing/place.ts";
import { guarded } from "../guarded.ts";
import paymentsModule from "../module.ts";
import type { PaymentProvider } from "../provider.ts";
import { openSimulator, type Simulator } from "../simulator/simulator.ts";

const SECRET = "whsec_of_the_tests";

/** Payments in a test, with the simulator behind it and webhooks handed over without a network. */
export interface Till extends AsyncDisposable {
  readonly shop: Placed;
  /** The simulator that the running module talks to. */
  simulator(): Simulator;
  /** Webhooks as they were sent. */
  readonly sent: { readonly body: string; readonly signature: string }[];
  /** While false, webhooks are refused. */
  online: boolean;
}

/** Opens a till. `between` may put something between the module and the simulator. */
export async function till(
  placement: Placement,
  between: (simulator: Simulator) => PaymentProvider = (simulator) => simulator,
): Promise<Till> {
  let simulator: Simulator | undefined;
  const state: Pick<Till, "sent"> & { online: boolean } = { sent: [], online: true };
  const provider = port("payments.provider", {
    settings: t.Object({}),
    open(_settings, world): PaymentProvider {
      simulator = openSimulator(world, { secret: SECRET, deliver });
      return guarded(between(simulator), world);
    },
    close: () => simulator?.close(),
  });
  const shop = await place(placement, [{ ...paymentsModule, ports: [provider] }]);

  async function deliver(body: string, signature: string): Promise<boolean> {
    state.sent.push({ body, signature });
    if (!state.online) return false;
    await shop.call(payments.receiveWebhook, { provider: "simulator", body, signature });
    return true;
  }

  return Object.assign(state, {
    shop,
    simulator(): Simulator {
      if (simulator === undefined) throw new Error("The simulator is opened by the module.");
      return simulator;
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  });
}

/** Authorises nine euros for an order. */
export function authorise({ shop }: Till, orderId: string, token: string) {
  return shop.call(payments.authorise, { orderId, attempt: 1, amount: euros(900), token });
}

export function euros(amount: number): { amount: number; currency: string } {
  return { amount, currency: "EUR" };
}

/** The names of the events since the start. */
export function told({ shop }: Till): string[] {
  return shop.events.map(({ type }) => type.replace("payments.", ""));
}

/** How the order's newest payment stands. */
export async function stateOf({ shop }: Till, orderId: string): Promise<string> {
  return (await shop.call(payments.paymentOfOrder, { orderId }))?.state ?? "none";
}
