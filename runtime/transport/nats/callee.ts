import { CONSOLE } from "../../contract/broker-users.ts";
import { fullName, type Procedure } from "../../contract/contract.ts";
import type { Environment } from "../../contract/environment.ts";
import { Defect, isDomainError, isTransportError, TransportError } from "../../contract/errors.ts";
import { within } from "../../resilience/within.ts";
import type { Log } from "../../telemetry/log.ts";
import { cancelled } from "../cancelled.ts";
import { faultOfDelay } from "../fault-of-delay.ts";
import type { Manifest } from "../manifest.ts";
import type { Offer, Serve } from "../transport.ts";
import { toWire } from "../wire-error.ts";
import type { Link, Listening, Message } from "./link.ts";
import type { Ownership } from "./ownership.ts";
import { callersOf } from "./permissions.ts";
import { callSubject, inboxOf, instanceCallSubject, queueOf } from "./subjects.ts";
import { bytesOf, errorHeaders, isCancel, isProbe, payloadOf, requestIn } from "./wire.ts";

/** A procedure as it is offered here, and what came over NATS for it since then. */
export interface Endpoint {
  readonly procedure: Procedure;
  /** The users that may run it. */
  readonly callers: ReadonlySet<string>;
  requests: number;
  /** Those that failed by a defect, and what the last of them said. */
  errors: number;
  lastError: string;
  processingMs: number;
}

/** What a callee stands on. */
export interface CalleeOptions {
  readonly connection: Link;
  readonly instance: string;
  /** What all modules declare: who calls what of this one. */
  readonly manifest: Manifest;
  /** Whether the module is owned here; undefined where that is not asked. */
  readonly ownership?: Pick<Ownership, "pending"> | undefined;
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Serves one module's procedures on NATS, in its queue group and under the instance's own name.
 *
 * A request is accepted only on the module's own subjects and with a reply subject below the inbox
 * of the caller that its subject names. A broker checks neither: with a forged reply subject it
 * would deliver here what somebody else may not send, or have our answer go where we may not. A
 * caller that does not declare the call is refused too, should a broker let it through.
 */
export class Callee {
  readonly #options: CalleeOptions;
  readonly #offer: Offer;
  readonly #serve: Serve;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  /** What the queue group brings, and what comes to this instance. */
  readonly #shared: Listening[];
  readonly #own: Listening[];
  #isDraining = false;
  /** The points before and after an answer is sent; their names are not built for each. */
  readonly #answering: string;
  readonly #answered: string;
  /** Requests accepted so far, and those of them that failed by a defect. */
  calls = 0;
  errors = 0;
  #running = 0;
  /** What gives up the requests that came to this instance, by their reply subjects. */
  readonly #cancels = new Map<string, AbortController>();
  #idle: (() => void)[] = [];

  constructor(options: CalleeOptions, offer: Offer, serve: Serve) {
    this.#options = options;
    this.#offer = offer;
    this.#serve = serve;
    this.#answering = `callee.answering:${offer.module}`;
    this.#answered = `callee.answered:${offer.module}`;
    this.#endpoints = new Map(
      offer.procedures.map((one) => [one.name, newEndpoint(one, options.manifest)]),
    );
    const { connection, instance } = options;
    const { module, isReader } = offer;
    const names = isReader ? [...this.#endpoints.keys()] : ["*"];
    const take = (msg: Message) => void this.#take(msg);
    const queue = queueOf(module);
    this.#shared = names.map((name) =>
      connection.listen(callSubject(module, name, "*"), take, { queue }),
    );
    this.#own = names.map((name) =>
      connection.listen(instanceCallSubject({ module, instance }, name, "*"), take),
    );
  }

  /** How many requests are being worked on. */
  get running(): number {
    return this.#running;
  }

  get module(): string {
    return this.#offer.module;
  }

  get instance(): string {
    return this.#options.instance;
  }

  get isReader(): boolean {
    return this.#offer.isReader;
  }

  /** What is offered, with its statistics. */
  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /**
   * Takes no more requests and resolves when those that have come are answered. Until then it
   * listens under the instance's own name: to a silent instance to which nobody listens, callers
   * give up what is under way, and they cancel calls there.
   */
  async stop(): Promise<void> {
    await drain(this.#shared);
    this.#isDraining = true;
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await drain(this.#own);
  }

  async #take(msg: Message): Promise<void> {
    const asked = this.#askedBy(msg);
    if (asked === undefined) return this.#refuse(msg);
    if (isCancel(msg)) return this.#cancels.get(msg.reply ?? "")?.abort();
    if (isProbe(msg)) return this.#answerProbe(msg);
    if (this.#isDraining) return this.#answerError(msg, this.#leaving());
    const { environment } = this.#options;
    const startMs = environment.monotonic();
    const endpoint = this.#endpoints.get(asked.procedure);
    this.#running += 1;
    this.calls += 1;
    try {
      const output = await this.#run(msg, asked, { startMs, endpoint });
      this.#answer(msg, output);
    } catch (error) {
      if (!isDomainError(error) && !isTransportError(error)) this.#noteDefect(error, endpoint);
      this.#answerError(msg, error);
    } finally {
      this.#cancels.delete(msg.reply ?? "");
      if (endpoint !== undefined) {
        endpoint.requests += 1;
        endpoint.processingMs += environment.monotonic() - startMs;
      }
      this.#running -= 1;
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Who asks for what, if the subject is ours and the reply goes to the caller that it names. */
  #askedBy({ subject, reply }: Message): { procedure: string; caller: string } | undefined {
    const tokens = subject.split(".");
    const [kind, module] = tokens;
    const isOurs =
      module === this.#offer.module &&
      ((kind === "rpc" && tokens.length === 4) ||
        (kind === "rpc-i" && tokens.length === 5 && tokens[2] === this.#options.instance));
    const [procedure = "", caller = ""] = tokens.slice(-2);
    if (!isOurs || !reply?.startsWith(`${inboxOf(caller)}.`)) return undefined;
    return { procedure, caller };
  }

  #refuse({ subject, reply }: Message): void {
    this.#options.log.warn("a request was not accepted: its reply would not go to its caller", {
      subject,
      reply,
    });
  }

  #noteDefect(error: unknown, endpoint: Endpoint | undefined): void {
    this.errors += 1;
    if (endpoint === undefined) return;
    endpoint.errors += 1;
    endpoint.lastError = error instanceof Error ? error.message : String(error);
  }

  async #run(
    msg: Message,
    { procedure, caller }: { procedure: string; caller: string },
    { startMs, endpoint }: { startMs: number; endpoint: Endpoint | undefined },
  ) {
    const { environment } = this.#options;
    const { module } = this.#offer;
    if (endpoint === undefined) {
      throw new Defect(`${module} has no procedure ${procedure}. Is ${caller} newer than it?`);
    }
    const { procedure: found, callers } = endpoint;
    if (!callers.has(caller)) throw this.#undeclared(endpoint, caller);
    const sent = requestIn(msg);
    if (sent === undefined) throw new Defect(`The headers of a call of ${procedure} are not ours.`);
    const { timeoutMs } = sent;
    const deadlineAtMs = startMs + timeoutMs;
    const signal = this.#cancelOf(msg, found);
    const pending = this.#options.ownership?.pending;
    const isOver = pending !== undefined && !(await this.#owned(pending, timeoutMs, signal));
    if (signal?.aborted) throw cancelled(fullName(found), "no");
    // A timer may ring a moment before the deadline: the module is not owned here then.
    if (isOver || deadlineAtMs <= environment.monotonic()) {
      const message = `There was no time left to run ${module}.${procedure}.`;
      throw new TransportError("DEADLINE", "no", message, { fault: faultOfDelay(timeoutMs) });
    }
    const asText = found.kind === "query";
    const input = JSON.parse(msg.string());
    const request = { caller, ...sent, deadlineAtMs, asText, signal, sent: input };
    const output = await this.#serve(found, input, request);
    return asText ? String(output) : JSON.stringify(output);
  }

  /**
   * Waits until the module is owned here, at most so many milliseconds, and not for a call that is
   * given up. Resolves with false when the time was over first. Rejects when the module is not
   * owned any more.
   */
  #owned(pending: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const given = new Promise<void>((resolve) => {
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    return within(this.#options.environment, ms, Promise.race([pending, given]));
  }

  /** The refusal of a request that came while the instance drains; another may take it. */
  #leaving(): TransportError {
    const { instance } = this.#options;
    const message = `The instance ${instance} stops, and takes no more calls of ${this.module}.`;
    return new TransportError("UNREACHABLE", "no", message, { fault: "callee" });
  }

  /** The broker has other permissions than the manifest, else this would not have come. */
  #undeclared({ procedure, callers }: Endpoint, caller: string): Defect {
    const what = fullName(procedure);
    this.#options.log.error("a call that the manifest does not declare was refused", {
      what,
      caller,
    });
    if (callers.has(CONSOLE)) {
      return new Defect(`${caller} may not run ${what}: that is for operators.`);
    }
    return new Defect(
      `${caller} may not call ${what}: the manifest beside the keys of ${procedure.module} does ` +
        `not have it among what ${caller} uses. If ${caller} is newer, run "cleave nats ` +
        'provision", and start both again.',
    );
  }

  /**
   * The signal of a request that its caller can give up: it knows where it went, since what only
   * the owner runs goes to the module's owner by either subject.
   */
  #cancelOf({ subject, reply }: Message, { ownerOnly }: Procedure): AbortSignal | undefined {
    const isHere = ownerOnly || subject.startsWith("rpc-i.");
    if (reply === undefined || !isHere) return undefined;
    const cancel = new AbortController();
    this.#cancels.set(reply, cancel);
    return cancel.signal;
  }

  /** The answer says no more than that it is read: who asks, asks the broker. */
  #answerProbe({ reply = "" }: Message): void {
    const { connection } = this.#options;
    if (connection.isUp && !connection.isClosed) connection.publish(reply, "");
  }

  #answer({ reply = "" }: Message, output: string): void {
    this.#publish(reply, payloadOf(output), "");
  }

  #answerError({ reply = "" }: Pick<Message, "reply">, error: unknown): void {
    this.#publish(reply, payloadOf(JSON.stringify(toWire(error))), errorHeaders);
  }

  /** Sends an answer; one that the broker would not carry is told of instead. */
  #publish(reply: string, payload: Uint8Array, headers: string): void {
    const { connection, environment } = this.#options;
    environment.reach(this.#answering);
    // Without a connection the answer is lost; the caller takes it for "unknown" and may ask again.
    if (!connection.isUp || connection.isClosed) return;
    const bytes = headers === "" ? payload.byteLength : bytesOf(payload, headers);
    if (bytes > connection.payloadBytesMax)
      return this.#answerError({ reply }, this.#tooLarge(bytes));
    connection.publish(reply, payload, headers === "" ? {} : { headers });
    environment.reach(this.#answered);
  }

  #tooLarge(bytes: number): Defect {
    const { url, payloadBytesMax } = this.#options.connection;
    return new Defect(
      `${this.#offer.module} answered with ${bytes} bytes; NATS at ${url} carries at most ` +
        `${payloadBytesMax}. Ask for less at a time, or raise max_payload.`,
    );
  }
}

async function drain(subscriptions: readonly Listening[]): Promise<void> {
  for (const one of subscriptions) if (!one.isClosed) await one.drain().catch(() => {});
}

function newEndpoint(procedure: Procedure, manifest: Manifest): Endpoint {
  const callers = callersOf(procedure, manifest);
  return { procedure, callers, requests: 0, errors: 0, lastError: "", processingMs: 0 };
}
