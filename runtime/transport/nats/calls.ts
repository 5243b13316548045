import type { Environment } from "../../contract/environment.ts";
import { ContractError, isTransportError, TransportError } from "../../contract/errors.ts";
import { Alarm } from "../../resilience/alarm.ts";
import { cancelled } from "../cancelled.ts";
import { faultOfDelay } from "../fault-of-delay.ts";
import type { CallRequest } from "../transport.ts";
import { unreachable } from "../unreachable.ts";
import { fromWire } from "../wire-error.ts";
import type { Link, Message } from "./link.ts";
import { inboxOf } from "./subjects.ts";
import {
  bytesOf,
  cancelHeaders,
  isError,
  payloadOf,
  probeHeaders,
  requestHeaders,
} from "./wire.ts";

/** Calls under way over one connection, at most; past it a call is refused. */
const UNDERWAY_MAX = 20_000;
const TOKEN_BYTES = 16;
const TOKENS_AT_ONCE = 256;
/** How long a probe is waited for: after that the instance is taken for busy. */
const PROBE_MS = 1_000;

interface Underway {
  readonly caller: string;
  readonly module: string;
  readonly what: string;
  readonly subject: string;
  readonly deadlineAtMs: number;
  /** How much time the callee was given. */
  readonly givenMs: number;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
  /** Takes back that it is given up when its caller's signal aborts. */
  readonly hold: () => void;
}

const nothing = () => {};

/** One attempt at a call. */
export interface Attempt {
  /** Where it goes: a subject of a queue group or of an instance. */
  readonly subject: string;
  /** True when it is known which instance gets it, which can be told that the call is given up. */
  readonly toInstance: boolean;
  /** What is called, as in `inventory.holdStock`. */
  readonly what: string;
  /** The module that is called. */
  readonly module: string;
  /** The input as JSON. */
  readonly input: string;
}

/**
 * The calls that one user makes over its connection.
 *
 * Replies come to an inbox of the user's own, each call's to a subject that ends in 128 random
 * bits, since a broker looks at nobody's right to send to a reply subject: whoever could guess it
 * could answer.
 */
export class Calls {
  readonly #connection: Link;
  readonly #environment: Environment;
  readonly #underway = new Map<string, Underway>();
  readonly #inbox: string;
  /** Random bytes for tokens, and how many of them were used. */
  #random = Buffer.alloc(0);
  #used = 0;
  readonly #alarm: Alarm;

  constructor(connection: Link, environment: Environment) {
    this.#connection = connection;
    this.#environment = environment;
    this.#alarm = new Alarm(environment, () => this.#sweep());
    this.#inbox = `${inboxOf(connection.user)}.${this.#token()}`;
    connection.listen(`${this.#inbox}.*`, (msg) => this.#take(msg));
    connection.onDown(() => this.#lose());
    connection.onRefused((subject) => this.#refuse(subject));
  }

  /** How many calls wait for an answer. */
  get underway(): number {
    return this.#underway.size;
  }

  /**
   * Sends a request and resolves with the output as JSON.
   *
   * Rejects with what the callee threw, or with a TransportError: UNREACHABLE, `executed: "no"`,
   * when nobody is there or the connection is down; UNREACHABLE, `"unknown"`, when it is lost
   * meanwhile, or when the broker does not let the caller call this; DEADLINE when the time is
   * over first; CANCELLED when it is given up. The instance that it was sent to is told of that; a
   * query that any replica may have taken from the queue group runs on to the deadline.
   */
  send(attempt: Attempt, request: CallRequest): Promise<string> {
    const { what, subject, module } = attempt;
    const refusal = this.#refusal(attempt, request);
    if (refusal !== undefined) return Promise.reject(refusal);
    const payload = payloadOf(attempt.input);
    const token = this.#token();
    const timeoutMs = request.deadlineAtMs - this.#environment.monotonic();
    const headers = requestHeaders(request, { timeoutMs, spanId: token.slice(0, 16) });
    const bytes = bytesOf(payload, headers);
    if (bytes > this.#connection.payloadBytesMax) {
      return Promise.reject(this.#tooLarge(what, bytes));
    }
    return new Promise((resolve, reject) => {
      const { deadlineAtMs, caller, signal } = request;
      const hold = signal === undefined ? nothing : this.#giveUpWith(signal, token, attempt);
      const about = { caller, module, what, subject, deadlineAtMs, givenMs: timeoutMs };
      this.#underway.set(token, { ...about, resolve, reject, hold });
      const reply = `${this.#inbox}.${token}`;
      this.#connection.publish(subject, payload, { reply, headers });
      this.#alarm.ringBy(deadlineAtMs);
    });
  }

  /**
   * Asks the broker whether anybody listens to a subject. Resolves with false when it says that
   * nobody does; with true when there is an answer, or none within a second: then somebody listens
   * and is busy, or it is unknown.
   */
  probe({ subject, what, module }: Omit<Attempt, "input" | "toInstance">, caller: string) {
    if (!this.#connection.isUp || this.#connection.isClosed) return Promise.resolve(true);
    const token = this.#token();
    const deadlineAtMs = this.#environment.monotonic() + PROBE_MS;
    return new Promise<boolean>((resolve) => {
      this.#underway.set(token, {
        ...{ caller, module, what, subject, deadlineAtMs, givenMs: PROBE_MS, hold: nothing },
        resolve: () => resolve(true),
        reject: (error) => resolve(!(isTransportError(error) && error.executed === "no")),
      });
      const reply = `${this.#inbox}.${token}`;
      this.#connection.publish(subject, "", { reply, headers: probeHeaders });
      this.#alarm.ringBy(deadlineAtMs);
    });
  }

  /** Gives a call up when `signal` aborts. Returns what takes that back. */
  #giveUpWith(signal: AbortSignal, token: string, attempt: Attempt): () => void {
    const giveUp = () => {
      this.#end(token)?.reject(cancelled(attempt.what, "unknown"));
      if (!attempt.toInstance || !this.#connection.isUp) return;
      const reply = `${this.#inbox}.${token}`;
      this.#connection.publish(attempt.subject, "", { reply, headers: cancelHeaders });
    };
    signal.addEventListener("abort", giveUp);
    return () => signal.removeEventListener("abort", giveUp);
  }

  /** Takes a call off the list of those that wait, if it still does. */
  #end(token: string): Underway | undefined {
    const call = this.#underway.get(token);
    this.#underway.delete(token);
    call?.hold();
    return call;
  }

  #refusal({ what }: Attempt, { caller, signal }: CallRequest): Error | undefined {
    if (signal?.aborted) return cancelled(what, "no");
    if (!this.#connection.isUp || this.#connection.isClosed) {
      const message =
        `${caller} called ${what}, but has no connection to NATS at ${this.#connection.url} now. ` +
        "It is opened again as soon as the broker answers.";
      return new TransportError("UNREACHABLE", "no", message, { fault: "caller" });
    }
    if (this.#underway.size < UNDERWAY_MAX) return undefined;
    const message = `${caller} waits for ${UNDERWAY_MAX} calls already. Try again later.`;
    return new TransportError("OVERLOADED", "no", message, { fault: "caller" });
  }

  #tooLarge(what: string, bytes: number): ContractError {
    return new ContractError(
      `The input of ${what} has ${bytes} bytes with its headers; NATS at ` +
        `${this.#connection.url} carries at most ${this.#connection.payloadBytesMax}. Send less ` +
        "at a time, or raise max_payload.",
    );
  }

  #take(msg: Message): void {
    // What has a reply subject of its own is no reply: something had the broker send it here.
    if (msg.reply) return;
    const token = msg.subject.slice(this.#inbox.length + 1);
    const call = this.#end(token);
    if (call === undefined) return;
    if (msg.headers?.code === 503) call.reject(unreachable(call));
    else if (isError(msg)) call.reject(errorIn(msg, call.what));
    else call.resolve(msg.string());
  }

  #lose(): void {
    for (const [token, { what, reject }] of this.#underway) {
      this.#end(token);
      const message = `The connection to NATS was lost while ${what} was called.`;
      reject(new TransportError("UNREACHABLE", "unknown", message, { fault: "caller" }));
    }
  }

  /**
   * The broker has other permissions than the manifest of this program, which lets the caller call
   * this. That says nothing of the callee, so it counts against no instance.
   */
  #refuse(subject: string): void {
    for (const [token, call] of this.#underway) {
      if (call.subject !== subject) continue;
      this.#end(token);
      const message =
        `The nats-server at ${this.#connection.url} does not let ${call.caller} call ` +
        `${call.what}: its users are those of another version. Run "cleave nats provision", and ` +
        "have it read the accounts.conf of this data folder anew.";
      const options = { fault: "neither" } as const;
      call.reject(new TransportError("UNREACHABLE", "unknown", message, options));
    }
  }

  #sweep(): void {
    const nowMs = this.#environment.monotonic();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [token, { what, deadlineAtMs, givenMs, reject }] of this.#underway) {
      if (deadlineAtMs > nowMs) {
        nextMs = Math.min(nextMs, deadlineAtMs);
        continue;
      }
      this.#end(token);
      const message = `${what} did not answer in time; whether it ran is unknown.`;
      reject(new TransportError("DEADLINE", "unknown", message, { fault: faultOfDelay(givenMs) }));
    }
    this.#alarm.ringBy(nextMs);
  }

  /** 128 random bits in hexadecimal, fetched for many at once. */
  #token(): string {
    if (this.#used === this.#random.length) {
      this.#random = Buffer.from(this.#environment.randomBytes(TOKEN_BYTES * TOKENS_AT_ONCE));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += TOKEN_BYTES;
    return this.#random.toString("hex", start, this.#used);
  }
}

function errorIn(msg: Message, what: string): Error {
  try {
    return fromWire(JSON.parse(msg.string()));
  } catch {
    const message = `${what} answered with an error that cannot be read.`;
    return new TransportError("UNREACHABLE", "unknown", message, { fault: "callee" });
  }
}
