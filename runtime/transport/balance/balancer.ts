import type { Environment } from "../../contract/environment.ts";
import { isTransportError, TransportError } from "../../contract/errors.ts";
import type { Breaker } from "../../resilience/breaker.ts";
import { RetryBudget } from "../../resilience/retry-budget.ts";
import { cancelled } from "../cancelled.ts";
import type { Circuit } from "../report.ts";
import { type CircuitState, Circuits } from "./circuits.ts";
import type { Directory } from "./directory.ts";
import type { Member } from "./member.ts";
import { pick } from "./pick.ts";

const RETRIES_MAX = 2;
const PAUSE_MS = 50;
/** How often calls under way are looked over for instances that are gone. */
const LOOK_MS = 250;

/** What a circuit guards while no instance was heard of. */
const ANY_INSTANCE = "any instance";

/** What is to be called, as far as choosing and repeating depend on it. */
export interface Balanced {
  readonly module: string;
  /** The procedure's name in its module, and its full name, as in `inventory.holdStock`. */
  readonly name: string;
  readonly what: string;
  /** Who calls. */
  readonly caller: string;
  readonly kind: "query" | "command";
  /** True when only the owner of the module runs it. */
  readonly ownerOnly: boolean;
  /** True for a command that may be repeated under its key. */
  readonly isKeyed: boolean;
  readonly deadlineAtMs: number;
  /** Aborts when the call is given up: then it is not repeated, and tells nothing of anyone. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends one attempt to an instance; without one, to whichever the broker chooses. */
export type Send<T> = (instance: string | undefined) => Promise<T>;

/**
 * Asks the broker whether the instance of a call is still connected. Resolves with false only when
 * it certainly is not.
 */
export type Probe = (call: Balanced, instance: string) => Promise<boolean>;

interface Underway {
  readonly about: Balanced;
  readonly member: Member;
  readonly fail: (error: TransportError) => void;
}

/**
 * Chooses instances for calls, and repeats those that may be: queries, keyed commands, and what was
 * certainly not executed; at most twice, elsewhere if there is an elsewhere, within the deadline
 * and the budget. This is the one layer that repeats. When any attempt may have been executed, so
 * may the call.
 *
 * An instance without heartbeats may be busy or gone, so the broker is asked: what a busy one has
 * begun is waited for until its deadline, and never repeated for its silence.
 */
export class Balancer {
  readonly #directory: Directory;
  readonly #environment: Environment;
  readonly #probe: Probe;
  readonly #budget: RetryBudget;
  /** The circuits of calls to modules of which no instance was heard of, by module. */
  readonly #unheard = new Map<string, Circuits>();
  readonly #underway = new Set<Underway>();
  #looking = false;

  constructor(directory: Directory, environment: Environment, probe: Probe) {
    this.#directory = directory;
    this.#environment = environment;
    this.#probe = probe;
    this.#budget = new RetryBudget(environment);
  }

  /**
   * The circuits that were needed so far, to instances that are there. One to an instance that is
   * gone, or that was started anew since, concerns nobody any more; nor does one to any instance,
   * once some are heard of.
   */
  circuits(): Circuit[] {
    const directory = this.#directory;
    const heard = directory
      .modules()
      .flatMap((module) =>
        directory
          .all(module)
          .flatMap(({ beat, circuits }) => told(circuits.states(), module, beat.instance)),
      );
    const unheard = [...this.#unheard].flatMap(([module, circuits]) => {
      const isUnheard = ({ ownerOnly }: CircuitState) =>
        directory.candidates(module, ownerOnly).length === 0;
      return told(circuits.states().filter(isUnheard), module, ANY_INSTANCE);
    });
    return [...heard, ...unheard];
  }

  /**
   * Closes all circuits: they were opened by a connection that was lost, and would stay so for up
   * to a minute after it is there again.
   */
  forgetCircuits(): void {
    this.#unheard.clear();
    for (const module of this.#directory.modules()) {
      for (const { circuits } of this.#directory.all(module)) circuits.clear();
    }
  }

  async call<T>(about: Balanced, send: Send<T>): Promise<T> {
    this.#budget.earn();
    const tried = new Set<string>();
    let executed: TransportError["executed"] = "no";
    for (let retries = 0; ; retries++) {
      const member = this.#choose(about, tried);
      try {
        return await this.#attempt(about, member, send);
      } catch (error) {
        if (isTransportError(error) && error.executed === "unknown") executed = "unknown";
        if (retries >= RETRIES_MAX || !this.#mayRepeat(about, error)) throw over(error, executed);
        if (member !== undefined) tried.add(member.beat.instance);
        await this.#pause(error, about);
        if (about.signal?.aborted) throw cancelled(about.what, executed);
      }
    }
  }

  /** Picks one, behind a circuit that lets calls through if there is such a one. */
  #choose(about: Balanced, tried: ReadonlySet<string>): Member | undefined {
    const candidates = this.#directory.candidates(about.module, about.ownerOnly);
    const untried = candidates.filter(({ beat }) => !tried.has(beat.instance));
    let left = untried.length === 0 ? candidates : untried;
    for (;;) {
      const member = pick(left, this.#environment);
      if (member === undefined || !this.#breakerOf(about, member).isRefusing) return member;
      left = left.filter((one) => one !== member);
      if (left.length === 0) return member;
    }
  }

  async #attempt<T>(about: Balanced, member: Member | undefined, send: Send<T>): Promise<T> {
    const breaker = this.#breakerOf(about, member);
    if (member === undefined) return breaker.run(() => send(undefined));
    return breaker.run(() => this.#measured(about, member, send));
  }

  async #measured<T>(about: Balanced, member: Member, send: Send<T>): Promise<T> {
    const environment = this.#environment;
    const startMs = environment.monotonic();
    const { promise: silence, reject: fail } = Promise.withResolvers<never>();
    const underway = { about, member, fail };
    this.#underway.add(underway);
    this.#lookLater();
    member.inFlight += 1;
    try {
      const answer = await Promise.race([send(member.beat.instance), silence]);
      const nowMs = environment.monotonic();
      member.answered(nowMs - startMs, nowMs);
      return answer;
    } catch (error) {
      this.#noteFailure(error, about, { member, startMs });
      throw error;
    } finally {
      member.inFlight -= 1;
      this.#underway.delete(underway);
    }
  }

  #noteFailure(
    error: unknown,
    { module, deadlineAtMs }: Balanced,
    { member, startMs }: { readonly member: Member; readonly startMs: number },
  ): void {
    const nowMs = this.#environment.monotonic();
    if (!isTransportError(error) || error.fault === "neither") {
      return member.answered(nowMs - startMs, nowMs);
    }
    if (error.fault === "caller") {
      if (error.code === "DEADLINE") member.late(nowMs - startMs, nowMs);
      return;
    }
    if (error.code === "UNREACHABLE" && error.executed === "no") this.#directory.forget(member);
    if (!member.failed(deadlineAtMs - startMs, nowMs)) return;
    const all = this.#directory.all(module);
    const out = all.filter((one) => one !== member && one.isEjected(nowMs)).length;
    // Never more than half: then it is rather something else that is wrong.
    if ((out + 1) * 2 <= all.length) member.eject(nowMs, this.#environment.random());
  }

  /** Looks again and again, while calls are under way, for instances that are gone. */
  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    const environment = this.#environment;
    const dueAtMs = environment.monotonic() + LOOK_MS;
    environment.after(LOOK_MS, () => {
      this.#looking = false;
      // When this process has stood still, what it was sent meanwhile is read after this only.
      if (environment.monotonic() - dueAtMs <= LOOK_MS) this.#giveUpLost();
      if (this.#underway.size > 0) this.#lookLater();
    });
  }

  /**
   * Gives up calls to instances that are gone meanwhile, so that they are repeated. Of those that
   * are silent the broker is asked.
   */
  #giveUpLost(): void {
    for (const { about, member } of this.#underway) {
      if (this.#directory.isReplaced(member)) this.#giveUp(member);
      else if (this.#directory.isSilent(member) && !member.isProbed) void this.#ask(about, member);
    }
  }

  async #ask(about: Balanced, member: Member): Promise<void> {
    member.isProbed = true;
    const isThere = await this.#probe(about, member.beat.instance);
    member.isProbed = false;
    if (isThere || !this.#directory.isSilent(member)) return;
    this.#directory.forget(member);
    this.#giveUp(member);
  }

  #giveUp(gone: Member): void {
    const { module, instance } = gone.beat;
    const message = `The instance ${instance} went away; whether ${module} ran this is unknown.`;
    for (const { member, fail } of this.#underway) {
      if (member === gone)
        fail(new TransportError("UNREACHABLE", "unknown", message, { fault: "callee" }));
    }
  }

  #mayRepeat({ kind, isKeyed, deadlineAtMs }: Balanced, error: unknown): boolean {
    // Who relays an error has repeated what it could: two layers that repeat would multiply.
    if (!isTransportError(error) || error.fault === "neither") return false;
    // An open circuit answers at once: if there were another way, it would have been taken.
    if (/^(DEADLINE|CANCELLED|BREAKER_OPEN)$/.test(error.code)) return false;
    const isSafe = kind === "query" || isKeyed || error.executed === "no";
    const leftMs = deadlineAtMs - this.#environment.monotonic();
    return isSafe && leftMs > PAUSE_MS && this.#budget.spend();
  }

  /** A moment's pause, so that nobody is hammered and an owner may change. */
  async #pause(error: unknown, { deadlineAtMs, signal }: Balanced): Promise<void> {
    const isElsewhere = isTransportError(error) && error.executed === "unknown";
    if (isElsewhere || signal?.aborted) return;
    const leftMs = deadlineAtMs - this.#environment.monotonic();
    const ms = Math.min(PAUSE_MS * (0.5 + this.#environment.random()), leftMs);
    await new Promise<void>((resolve) => {
      const end = () => {
        signal?.removeEventListener("abort", end);
        resolve();
      };
      this.#environment.after(ms, end);
      signal?.addEventListener("abort", end);
    });
  }

  #breakerOf(about: Balanced, member: Member | undefined): Breaker {
    if (member !== undefined) return member.circuits.of(about);
    const { module } = about;
    const known = this.#unheard.get(module);
    if (known !== undefined) return known.of(about);
    const circuits = new Circuits(ANY_INSTANCE, this.#environment);
    this.#unheard.set(module, circuits);
    return circuits.of(about);
  }
}

/** The circuits to one instance as a report tells them. */
function told(states: readonly CircuitState[], module: string, instance: string) {
  return states.map(({ what, kind, state }) => ({
    module,
    instance,
    procedure: what,
    kind,
    state,
  }));
}

/** The last attempt's error as the call's: it tells of all attempts. */
function over(error: unknown, executed: TransportError["executed"]): unknown {
  if (!isTransportError(error) || error.executed === executed) return error;
  const { code, message, fault } = error;
  return new TransportError(code, executed, message, { cause: error, fault });
}
