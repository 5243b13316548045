import type { Procedure } from "../contract/contract.ts";
import type { Identity } from "../contract/identity.ts";

/** On whose behalf, and within which limits, the gateway calls a procedure. */
export interface InvokeRequest {
  readonly identity: Identity;
  /** The idempotency key, already scoped to its sender and route; undefined without one. */
  readonly key: string | undefined;
  /** What is left of the request's time, in milliseconds from now. */
  readonly deadlineMs: number;
  readonly traceId: string;
  readonly caller: "gateway";
  /** True for a query whose answer shall be its JSON text. */
  readonly asText: boolean;
  /** Aborts when the route gives the call up; undefined when it never will. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The kernel as the gateway sees it: calls a procedure of any module.
 *
 * Resolves to an output that was validated against the procedure's contract, or to its JSON text
 * when that was asked for. Rejects with a
 * DomainError (IDEMPOTENCY_MISMATCH when the key was used with another input) or a TransportError.
 * Any other rejection is a defect.
 */
export type Invoke = (
  procedure: Procedure,
  input: unknown,
  request: InvokeRequest,
) => Promise<unknown>;
