import type { IntentMetadata, ProviderIntent } from "./domain/intent.ts";

/** One operation on an intent. `operationId` is its idempotency key, the same for ever. */
export interface IntentRequest {
  readonly operationId: string;
  readonly reference: string;
}

/** What a verified webhook says. */
export interface ProviderEvent {
  readonly eventId: string;
  readonly type: string;
  readonly intent: ProviderIntent;
}

/**
 * A payment provider.
 *
 * Each operation takes a key. The same key and parameters give the first answer again, without a
 * second effect; the same key with other parameters is refused. Operations reject with a
 * ProviderRefusal when the provider said no and did nothing; any other rejection means that the
 * outcome is unknown. Each settles within 30 seconds.
 */
export interface PaymentProvider {
  readonly name: string;
  /** Holds the money. The answer may be a decline or ask for an action: see the intent's status. */
  authorise(request: {
    readonly operationId: string;
    readonly amount: number;
    readonly currency: string;
    readonly token: string;
    readonly metadata: IntentMetadata;
  }): Promise<ProviderIntent>;
  /** Takes all that is held. A failure is an answer too: see the intent's captures. */
  capture(request: IntentRequest): Promise<ProviderIntent>;
  /** Lets go what is held, or ends an intent that waits for an action. */
  cancel(request: IntentRequest): Promise<ProviderIntent>;
  refund(request: IntentRequest & { readonly amount: number }): Promise<ProviderIntent>;
  /** An intent as it is now, by its own name or by the operation that created it. */
  intentOf(by: { reference: string } | { operationId: string }): Promise<ProviderIntent | null>;
  /** Checks a webhook's signature over the raw body and its age, and reads it. */
  verifyWebhook(body: string, signature: string): Verdict;
  /** The 3-D Secure page of a provider that is simulated; absent in production. */
  readonly challenges?: {
    intentOf(reference: string): ProviderIntent | null;
    complete(reference: string, result: "ok" | "fail"): boolean;
  };
}

export type Verdict =
  | { readonly kind: "genuine"; readonly event: ProviderEvent }
  | { readonly kind: "refused"; readonly reason: string }
  /** The signature is good, and the body tells nothing that this shop understands. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** The provider said no and did nothing. It is final for this operation. */
export class ProviderRefusal extends Error {
  override readonly name = "ProviderRefusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The provider gave no answer: it may have done what was asked, or not. */
export class ProviderTimeout extends Error {
  override readonly name = "ProviderTimeout";
}
