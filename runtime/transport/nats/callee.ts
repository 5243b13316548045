import type { Procedure } from "../../contract/contract.ts";
import type { Environment } from "../../contract/environment.ts";
import { Defect, isDomainError, isTransportError, TransportError } from "../../contract/errors.ts";
import { isOperation } from "../../contract/names.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Offer, Serve } from "../transport.ts";
import { toWire } from "../wire-error.ts";
import type { Link, Listening, Message } from "./link.ts";
import { CONSOLE, GATEWAY } from "./permissions.ts";
import { callSubject, inboxOf, instanceCallSubject, queueOf } from "./subjects.ts";
import { bytesOf, errorHeaders, isCancel, payloadOf, requestIn } from "./wire.ts";

/** A procedure as it is offered here, and what came over NATS for it since then. */
export interface Endpoint {
  readonly procedure: Procedure;
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
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Serves one module's procedures on NATS, in its queue group and under the instance's own name.
 *
 * A request is accepted only on the module's own subjects and with a reply subject below the inbox
 * of the caller that its subject names. A broker checks neither: with a forged reply subject it
 * would deliver here what somebody else may not send, or have our answer go where we may not.
 */
export class Callee {
  readonly #options: CalleeOptions;
  readonly #offer: Offer;
  readonly #serve: Serve;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #subscriptions: Listening[];
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
    this.#endpoints = new Map(offer.procedures.map((one) => [one.name, newEndpoint(one)]));
    this.#subscriptions = this.#subscribe();
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

  /** Takes no more requests and resolves when those that have come are answered. */
  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) {
      if (!subscription.isClosed) await subscription.drain().catch(() => {});
    }
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #subscribe(): Listening[] {
    const { connection, instance } = this.#options;
    const { module, isReader } = this.#offer;
    const names = isReader ? [...this.#endpoints.keys()] : ["*"];
    const take = (msg: Message) => void this.#take(msg);
    const queue = queueOf(module);
    return names.flatMap((name) => [
      connection.listen(callSubject(module, name, "*"), take, { queue }),
      connection.listen(instanceCallSubject({ module, instance }, name, "*"), take),
    ]);
  }

  async #take(msg: Message): Promise<void> {
    const asked = this.#askedBy(msg);
    if (asked === undefined) return this.#refuse(msg);
    if (isCancel(msg)) return this.#cancels.get(msg.reply ?? "")?.abort();
    const { environment } = this.#options;
    const startMs = environment.monotonic();
    const endpoint = this.#endpoints.get(asked.procedure);
    this.#running += 1;
    this.calls += 1;
    try {
      const output = await this.#run(msg, asked, endpoint?.procedure);
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
    found: Procedure | undefined,
  ) {
    const { environment } = this.#options;
    const { module } = this.#offer;
    if (found === undefined) {
      throw new Defect(`${module} has no procedure ${procedure}. Is ${caller} newer than it?`);
    }
    if (isOperation(procedure) && caller !== GATEWAY && caller !== CONSOLE) {
      throw new Defect(`${caller} may not run ${module}.${procedure}: that is for operators.`);
    }
    const sent = requestIn(msg);
    if (sent === undefined) throw new Defect(`The headers of a call of ${procedure} are not ours.`);
    const { timeoutMs, ...about } = sent;
    if (timeoutMs <= 0) {
      const message = `There was no time left to run ${module}.${procedure}.`;
      throw new TransportError("DEADLINE", "no", message);
    }
    const deadlineAtMs = environment.monotonic() + timeoutMs;
    const asText = found.kind === "query";
    const signal = this.#cancelOf(msg, found);
    const input = JSON.parse(msg.string());
    const request = { caller, ...about, deadlineAtMs, asText, signal, sent: input };
    const output = await this.#serve(found, input, request);
    return asText ? String(output) : JSON.stringify(output);
  }

  /**
   * The signal of a request that its caller can give up: it knows where it went, since a command
   * goes to the module's owner by either subject.
   */
  #cancelOf({ subject, reply }: Message, { kind }: Procedure): AbortSignal | undefined {
    const isHere = kind === "command" || subject.startsWith("rpc-i.");
    if (reply === undefined || !isHere) return undefined;
    const cancel = new AbortController();
    this.#cancels.set(reply, cancel);
    return cancel.signal;
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

function newEndpoint(procedure: Procedure): Endpoint {
  return { procedure, requests: 0, errors: 0, lastError: "", processingMs: 0 };
}
