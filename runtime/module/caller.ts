import type { CallOptions } from "../contract/call.ts";
import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { ContractError, DeclarationError, TransportError } from "../contract/errors.ts";
import { type Identity, settledIdentity } from "../contract/identity.ts";
import { timeLeft } from "../contract/time.ts";
import { cancelled } from "../transport/cancelled.ts";
import type { Transport } from "../transport/transport.ts";

/** The time of a call when neither its caller nor its options set one, in milliseconds. */
export const CALL_DEADLINE_MS = 10_000;

/** Characters of an idempotency key, at most: it goes with the call, beside the input. */
const KEY_LENGTH_MAX = 4_096;

/** On whose behalf a call is made. */
export interface CallOrigin {
  readonly identity: Identity;
  readonly traceId: string;
  /** What is left of the caller's own time, as a point of the monotonic clock. */
  readonly deadlineAtMs: number;
  /** Aborts when the caller's own call is given up. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes calls in the name of one module, or of the gateway. */
export class Caller {
  readonly name: string;
  readonly #mayCall: (procedure: Procedure) => boolean;
  readonly #transport: Transport;
  readonly #environment: Environment;
  readonly #mark: { readonly ms: number } | undefined;

  /** With a low-water mark `mark`, it goes with every keyed command. */
  constructor(
    name: string,
    mayCall: (procedure: Procedure) => boolean,
    through: {
      readonly transport: Transport;
      readonly environment: Environment;
      readonly mark?: { readonly ms: number };
    },
  ) {
    this.name = name;
    this.#mayCall = mayCall;
    this.#transport = through.transport;
    this.#environment = through.environment;
    this.#mark = through.mark;
  }

  /**
   * Calls a declared procedure, within what is left of the origin's time. Rejects with a TypeError
   * when `deadlineMs` is no duration.
   */
  call(
    procedure: Procedure,
    input: unknown,
    {
      origin,
      options,
      asText = false,
    }: {
      readonly origin: CallOrigin;
      readonly options?: CallOptions | undefined;
      readonly asText?: boolean;
    },
  ): Promise<unknown> {
    if (!this.#mayCall(procedure)) return Promise.reject(this.#undeclared(procedure));
    const nowMs = this.#environment.monotonic();
    let { deadlineAtMs } = origin;
    if (options?.deadlineMs !== undefined) {
      try {
        const what = `The deadlineMs of a call of ${fullName(procedure)}`;
        deadlineAtMs = Math.min(deadlineAtMs, nowMs + timeLeft(options.deadlineMs, what));
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (nowMs >= deadlineAtMs) return Promise.reject(tooLate(procedure));
    const signal = either(origin.signal, options?.signal);
    if (signal?.aborted) return Promise.reject(cancelled(fullName(procedure), "no"));
    const { traceId } = origin;
    const key = options?.key;
    if (key !== undefined && key.length > KEY_LENGTH_MAX) {
      return Promise.reject(keyTooLong(procedure, key));
    }
    const isKeyed = key !== undefined && procedure.kind === "command";
    const repeatsSinceMs = isKeyed ? this.#mark?.ms : undefined;
    const { name: caller } = this;
    let identity: Identity;
    try {
      identity = settledIdentity(origin.identity);
    } catch (error) {
      return Promise.reject(error);
    }
    const request = {
      caller,
      identity,
      traceId,
      deadlineAtMs,
      timeoutMs: deadlineAtMs - nowMs,
      key,
      repeatsSinceMs,
      asText,
      signal,
    };
    return this.#transport.call(procedure, input, request);
  }

  #undeclared(procedure: Procedure): DeclarationError {
    const what = fullName(procedure);
    return new DeclarationError(
      `${this.name} calls ${what} without declaring it. Add ${what} to the "uses" of ${this.name}.`,
    );
  }
}

function either(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return AbortSignal.any([one, other]);
}

function keyTooLong(procedure: Procedure, key: string): ContractError {
  return new ContractError(
    `The key of a call of ${fullName(procedure)} has ${key.length} characters, and may have at ` +
      `most ${KEY_LENGTH_MAX}. Use an id, or a hash of what tells the calls apart.`,
  );
}

function tooLate(procedure: Procedure): TransportError {
  const message = `There was no time left to call ${fullName(procedure)}.`;
  return new TransportError("DEADLINE", "no", message, { fault: "caller" });
}
