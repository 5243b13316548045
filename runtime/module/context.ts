import type { CallOptions } from "../contract/call.ts";
import { checked } from "../contract/check.ts";
import { fullName, type Procedure } from "../contract/contract.ts";
import { ContractError, DeclarationError, DomainError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import { type Job, stands } from "../messaging/jobs.ts";
import { synchronous, synchronousFunction } from "../messaging/synchronous.ts";
import type { SagaReference, Transaction } from "../messaging/transaction.ts";
import type { SettlePatience } from "../saga/settle-waiters.ts";
import type { Read } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import type { CallRequest } from "../transport/transport.ts";
import type { Caller } from "./caller.ts";
import type { Port } from "./port.ts";

/** What a handler's context needs of its module. */
export interface ContextHost {
  readonly read: Read;
  readonly log: Log;
  readonly caller: Caller;
  now(): number;
  newId(prefix: string): string;
  port<T>(port: Port<T>): T;
  settled(saga: SagaReference<never>, id: string, patience: SettlePatience): Promise<void>;
  /** Commits an intention on behalf of a request. */
  intend<T>(request: CallRequest, work: (tx: Transaction) => T): Promise<T>;
  /** Commits a command's answer together with its effect. */
  commitAnswer(invocation: Invocation, work: (tx: Transaction) => unknown): Promise<unknown>;
}

/** One run of a procedure. */
export interface Invocation {
  readonly procedure: Procedure;
  readonly request: CallRequest;
  /** The hash of the input, when the request is keyed. */
  readonly requestHash: string | undefined;
  /** The job that the command is run for, if any; its row goes away with the answer. */
  readonly job: Job | undefined;
  /** A copy of the answer that was committed, which nobody else has. */
  committed?: unknown;
  /** True when the command itself has taken its job back or planned it anew, in an intention. */
  hasReplacedJob?: boolean;
}

/**
 * What a handler gets beside its input. The functions are made when asked for, since a handler
 * takes two or three of them and a call must stay cheap.
 */
export class HandlerContext {
  readonly #host: ContextHost;
  readonly #invocation: Invocation;
  #answered = false;
  #openCommands = 0;
  #whenEnded: (() => void) | undefined;
  #hasFailed = false;

  constructor(host: ContextHost, invocation: Invocation) {
    this.#host = host;
    this.#invocation = invocation;
  }

  get read(): Read {
    return this.#host.read;
  }

  get identity(): Identity {
    return this.#invocation.request.identity;
  }

  get log(): Log {
    const { request, procedure } = this.#invocation;
    return this.#host.log.with({ traceId: request.traceId, procedure: fullName(procedure) });
  }

  get now() {
    return () => this.#host.now();
  }

  get newId() {
    return (prefix: string) => this.#host.newId(prefix);
  }

  get port() {
    this.#assertAtOwner("a port");
    return <T>(port: Port<T>) => this.#host.port(port);
  }

  get call() {
    return (procedure: Procedure, input: unknown, options?: CallOptions) => {
      const origin = this.#invocation.request;
      if (this.#hasFailed && procedure.kind === "command") {
        return Promise.reject(afterFailure(this.#invocation.procedure, procedure));
      }
      const answer = this.#host.caller.call(procedure, input, { origin, options });
      if (procedure.kind === "command") this.#watch(answer);
      return answer;
    };
  }

  #watch(command: Promise<unknown>): void {
    this.#openCommands += 1;
    const end = () => {
      this.#openCommands -= 1;
      if (this.#openCommands > 0) return;
      const whenEnded = this.#whenEnded;
      this.#whenEnded = undefined;
      whenEnded?.();
    };
    command.then(end, end);
  }

  /**
   * Runs `end` once, when no command that the handler has called is open: at once, or when the last
   * one ends.
   */
  afterCommands(end: () => void): void {
    if (this.#openCommands === 0) end();
    else this.#whenEnded = end;
  }

  /**
   * Runs `end` like `afterCommands`, and refuses commands from now on: whoever hears that the
   * handler failed may then undo what it did.
   */
  failed(end: () => void): void {
    this.#hasFailed = true;
    this.afterCommands(end);
  }

  get fail() {
    return (code: string, data: unknown) => declared(this.#invocation.procedure, code, data);
  }

  get settled() {
    this.#assertAtOwner("settled");
    const { signal } = this.#invocation.request;
    return (saga: SagaReference<never>, id: string, ms: number) =>
      this.#host.settled(saga, id, { ms, signal });
  }

  /** Replicas have no ports and run no sagas: a query that needs them answers at the owner only. */
  #assertAtOwner(what: string): void {
    const { procedure } = this.#invocation;
    if (procedure.ownerOnly) return;
    throw new DeclarationError(
      `The query ${fullName(procedure)} uses ${what}, which replicas do not have. Add ` +
        `"ownerOnly: true" to it in the contract of ${procedure.module}.`,
    );
  }

  get intent() {
    return <T>(work: (tx: Transaction) => T) => {
      const invocation = this.#invocation;
      const name = `An intent of ${fullName(invocation.procedure)}`;
      const intent = synchronousFunction(work, name);
      const once = (tx: Transaction) => synchronous(intent(tx), name);
      return this.#host.intend(invocation.request, watchingJob(invocation, once));
    };
  }

  get transaction() {
    return (work: (tx: Transaction) => unknown) => {
      if (this.#answered) {
        const name = fullName(this.#invocation.procedure);
        throw new ContractError(`${name} answers twice. Use intent for what comes before.`);
      }
      this.#answered = true;
      return this.#host.commitAnswer(this.#invocation, work);
    };
  }
}

function afterFailure(handled: Procedure, called: Procedure): ContractError {
  return new ContractError(
    `${fullName(handled)} called ${fullName(called)} after it had failed. Await everything that ` +
      "a handler begins.",
  );
}

/** Notes whether an intention of a planned command takes its own job back, or plans it anew. */
function watchingJob<T>(invocation: Invocation, work: (tx: Transaction) => T) {
  const { job } = invocation;
  if (job === undefined) return work;
  return (tx: Transaction): T => {
    const stood = stands(tx, job);
    const result = work(tx);
    if (stood && !stands(tx, job)) invocation.hasReplacedJob = true;
    return result;
  };
}

/**
 * Makes a declared error; its data is checked and copied like everything that crosses the
 * boundary.
 */
function declared(procedure: Procedure, code: string, data: unknown): DomainError {
  const name = fullName(procedure);
  const schema = procedure.errors[code];
  if (schema === undefined) {
    throw new ContractError(`${name} fails with ${code}, which its contract does not declare.`);
  }
  return new DomainError(code, checked(schema, `The data of ${name} ${code}`).copy(data), name);
}
