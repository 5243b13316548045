import type { World } from "#runtime";
import type { ProviderIntent } from "../domain/intent.ts";
import {
  type IntentRequest,
  type PaymentProvider,
  ProviderRefusal,
  ProviderTimeout,
  type Verdict,
} from "../provider.ts";
import { readWebhook } from "../webhook-event.ts";
import { type Card, cardOf, fingerprintOf } from "./card-token.ts";
import { answerOf, captured, changed, changeOf, refunded, SLOW_MS } from "./cards.ts";
import { intentIdOf, Journal, type Line, type SimulatedIntent } from "./journal.ts";
import { signatureFault } from "./signature.ts";
import { type Deliver, Webhooks } from "./webhooks.ts";

const REFUNDS_MAX = 100;

type AuthoriseRequest = Parameters<PaymentProvider["authorise"]>[0];
type RefundRequest = Parameters<PaymentProvider["refund"]>[0];

/** What a request changes, and the webhook that tells of it when the answer does not. */
interface Change {
  readonly key: string;
  readonly parameters: string;
  readonly card: Card;
  readonly intent: ProviderIntent;
  readonly told: string | null;
}

/** A payment provider of the world outside, on this machine, with its own memory. */
export interface Simulator extends PaymentProvider {
  readonly challenges: NonNullable<PaymentProvider["challenges"]>;
  close(): void;
}

/**
 * Opens the provider simulator.
 *
 * What it answered survives the death of the shop: its journal is in the port's folder. How a card
 * behaves is told by its token, of which no more than that is kept; see `cards.ts`.
 */
export function openSimulator(
  world: World,
  options: { readonly secret: string; readonly deliver: Deliver },
): Simulator {
  return new JournalledSimulator(world, options);
}

class JournalledSimulator implements Simulator {
  readonly name = "simulator";
  readonly challenges: Simulator["challenges"];
  readonly #world: World;
  readonly #secret: string;
  readonly #journal: Journal;
  readonly #webhooks: Webhooks;
  readonly #timers = new Set<() => void>();

  constructor(world: World, options: { readonly secret: string; readonly deliver: Deliver }) {
    this.#world = world;
    this.#secret = options.secret;
    this.#journal = new Journal(world);
    this.#webhooks = new Webhooks(world, { ...options, journal: this.#journal });
    this.challenges = {
      intentOf: (reference) => (world.development ? (this.#find(reference)?.intent ?? null) : null),
      complete: (reference, result) => world.development && this.#complete(reference, result),
    };
  }

  async authorise(request: AuthoriseRequest): Promise<ProviderIntent> {
    const { operationId: key, amount, currency, token, metadata } = request;
    const card = cardOf(token);
    const used = `${amount} ${currency} ${fingerprintOf(token)}`;
    const parameters = `authorise ${used} ${metadata.paymentId}`;
    const answered = this.#answered(key, parameters);
    if (answered !== undefined) return answered;
    if (!Number.isSafeInteger(amount) || amount < 0) {
      throw new ProviderRefusal("amount_invalid", `${amount} ${currency} cannot be authorised.`);
    }
    if (card === "timeout_before" && this.#journal.lose(key)) {
      throw new ProviderTimeout("The simulator got no request in time.");
    }
    const id = intentIdOf(key);
    const known = this.#find(id);
    if (known !== undefined) return known.intent;
    const intent: ProviderIntent = {
      id,
      amount,
      currency,
      metadata,
      createdAtMs: this.#world.now(),
      cancellation: null,
      captures: [],
      refunds: [],
      ...answerOf(card, `${this.#world.publicUrl}/dev/3ds/${encodeURIComponent(id)}`),
    };
    const unheard = card === "timeout_after" || card === "slow";
    const told = unheard ? "payment_intent.amount_capturable_updated" : null;
    this.#remember({ key, parameters, card, intent, told });
    if (card === "timeout_after") throw new ProviderTimeout("The simulator's answer got lost.");
    if (card === "slow") await this.#pause(SLOW_MS);
    return intent;
  }

  async capture({ operationId: key, reference }: IntentRequest): Promise<ProviderIntent> {
    const parameters = `capture ${reference}`;
    const answered = this.#answered(key, parameters);
    if (answered !== undefined) return answered;
    const found = this.#expect(reference, ["requires_capture"]);
    const intent = captured(found, { id: `cap_${key}`, operationId: key });
    return this.#remember({ key, parameters, card: found.card, intent, told: null });
  }

  async cancel({ operationId: key, reference }: IntentRequest): Promise<ProviderIntent> {
    const parameters = `cancel ${reference}`;
    const answered = this.#answered(key, parameters);
    if (answered !== undefined) return answered;
    const found = this.#expect(reference, ["requires_capture", "requires_action"]);
    const ended = { status: "canceled", cancellation: "requested", actionUrl: null } as const;
    const intent = { ...found.intent, ...ended };
    return this.#remember({ key, parameters, card: found.card, intent, told: null });
  }

  async refund({ operationId: key, reference, amount }: RefundRequest): Promise<ProviderIntent> {
    const parameters = `refund ${reference} ${amount}`;
    const answered = this.#answered(key, parameters);
    if (answered !== undefined) return answered;
    const found = this.#expect(reference, ["succeeded"]);
    if (amount < 1 || amount > leftOf(found.intent)) {
      throw new ProviderRefusal("amount_too_large", `${reference} has less than ${amount} left.`);
    }
    if (found.intent.refunds.length >= REFUNDS_MAX) {
      throw new ProviderRefusal("too_many_refunds", `${reference} has ${REFUNDS_MAX} refunds.`);
    }
    const intent = refunded(found, { id: `re_${key}`, operationId: key, amount });
    return this.#remember({ key, parameters, card: found.card, intent, told: null });
  }

  async intentOf(by: { reference: string } | { operationId: string }) {
    const id = "reference" in by ? by.reference : intentIdOf(by.operationId);
    return this.#find(id)?.intent ?? null;
  }

  verifyWebhook(body: string, signature: string): Verdict {
    const fault = signatureFault(this.#secret, { body, signature }, this.#world.now());
    if (fault !== null) return { kind: "refused", reason: fault };
    try {
      return { kind: "genuine", event: readWebhook(body) };
    } catch (error) {
      return { kind: "unreadable", reason: error instanceof Error ? error.message : "" };
    }
  }

  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#webhooks.close();
    this.#journal.close();
  }

  #complete(reference: string, result: "ok" | "fail"): boolean {
    const found = this.#find(reference);
    if (found === undefined) return false;
    if (found.intent.status !== "requires_action") return true;
    const ended = { actionUrl: null, declineCode: null };
    const intent: ProviderIntent =
      result === "ok"
        ? { ...found.intent, ...ended, status: "requires_capture", authorised: true }
        : {
            ...found.intent,
            ...ended,
            status: "requires_payment_method",
            declineCode: "authentication_failed",
          };
    const told =
      result === "ok"
        ? "payment_intent.amount_capturable_updated"
        : "payment_intent.payment_failed";
    this.#remember({ key: "", parameters: "", card: found.card, intent, told });
    return true;
  }

  #answered(key: string, parameters: string): ProviderIntent | undefined {
    const line = this.#journal.answerTo(key);
    if (line === undefined || line.key !== key) return undefined;
    if (line.parameters === parameters) return line.intent;
    throw new ProviderRefusal(
      "idempotency_mismatch",
      `The key ${key} was used with "${line.parameters}", now with "${parameters}".`,
    );
  }

  #expect(reference: string, statuses: readonly ProviderIntent["status"][]): SimulatedIntent {
    const found = this.#find(reference);
    if (found === undefined) {
      throw new ProviderRefusal("no_such_intent", `The simulator knows no intent ${reference}.`);
    }
    const { status } = found.intent;
    if (statuses.includes(status)) return found;
    throw new ProviderRefusal(`intent_${status}`, `${reference} is ${status}.`);
  }

  /** An intent as it is now: first lets happen what is due to happen by itself. */
  #find(reference: string): SimulatedIntent | undefined {
    const line = this.#journal.newest(reference);
    if (line === undefined || line.changesAtMs > this.#world.now()) return line;
    const { intent, type } = changed(line);
    this.#remember({ key: "", parameters: "", card: line.card, intent, told: type });
    return this.#journal.newest(reference);
  }

  #remember({ key, parameters, card, intent, told }: Change): ProviderIntent {
    const nowMs = this.#world.now();
    const changesAtMs = changeOf({ card, intent }, nowMs);
    const event = told === null ? null : ([this.#world.newId("evt"), told] as const);
    const line: Line = { atMs: nowMs, key, parameters, event, card, changesAtMs, intent };
    this.#journal.append(line);
    if (event !== null) this.#webhooks.send(line);
    if (changesAtMs <= nowMs + SLOW_MS) this.#after(SLOW_MS, () => this.#change(intent.id));
    return intent;
  }

  /** Lets happen what is due; on a full disk a little later. */
  #change(intentId: string): void {
    try {
      this.#find(intentId);
    } catch (error) {
      this.#world.log.warn("a change of an intent could not be written", { intentId, error });
      this.#after(SLOW_MS, () => this.#change(intentId));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#after(delayMs, resolve));
  }

  #after(delayMs: number, work: () => void): void {
    const cancel = this.#world.after(delayMs, () => {
      this.#timers.delete(cancel);
      work();
    });
    this.#timers.add(cancel);
  }
}

function leftOf({ amount, refunds, captures }: ProviderIntent): number {
  if (!captures.some(({ status }) => status === "succeeded")) return 0;
  return refunds.reduce(
    (left, one) => (one.status === "failed" ? left : left - one.amount),
    amount,
  );
}
