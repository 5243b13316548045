import type { Environment } from "../../contract/environment.ts";
import { isTransportError, TransportError } from "../../contract/errors.ts";
import { Breaker, type BreakerState } from "../../resilience/breaker.ts";
import { RetryBudget } from "../../resilience/retry-budget.ts";
import { cancelled } from "../cancelled.ts";
import type { Circuit } from "../report.ts";
import type { Directory } from "./directory.ts";
import type { Member } from "./member.ts";
import { pick } from "./pick.ts";

const RETRIES_MAX = 2;
const PAUSE_MS = 50;
/** Circuits remembered, at most; the oldest is forgotten first. */
const BREAKERS_MAX = 1_000;
/** How often calls under way are looked over for instances that are gone. */
const LOOK_MS = 250;

/** What a circuit guards while no instance was heard of. */
const ANY_INSTANCE = "any instance";

/** What is to be called, as far as choosing and repeating depend on it. */
export interface Balanced {
  readonly module: string;
  /** The procedure, as in `inventory.holdStock`. */
  readonly what: string;
  readonly kind: "query" | "command";
  /** True for a command that may be repeated under its key. */
  readonly isKeyed: boolean;
  readonly deadlineAtMs: number;
  /** Aborts when the call is given up: then it is not repeated, and tells nothing of anyone. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends one attempt to an instance; without one, to whichever the broker chooses. */
export type Send<T> = (instance: string | undefined) => Promise<T>;

interface Underway {
  readonly member: Member;
  readonly fail: (error: TransportError) => void;
}

/**
 * Chooses instances for calls, and repeats those that may be: queries, keyed commands, and what was
 * certainly not executed; at most twice, elsewhere if there is an elsewhere, within the deadline
 * and the budget. This is the one layer that repeats. When any attempt may have been executed, so
 * may the call.
 */
export class Balancer {
  readonly #directory: Directory;
  readonly #environment: Environment;
  readonly #budget: RetryBudget;
  readonly #breakers = new Map<string, Breaker>();
  readonly #underway = new Set<Underway>();
  #looking = false;

  constructor(directory: Directory, environment: Environment) {
    this.#directory = directory;
    this.#environment = environment;
    this.#budget = new RetryBudget(environment);
  }

  /** The circuits that were needed so far, by the name of what they guard against. */
  breakers(): ReadonlyMap<string, BreakerState> {
    return new Map([...this.#breakers.values()].map(({ name, state }) => [name, state]));
  }

  /**
   * The circuits to instances that are there. One to an instance that is gone, or that was started
   * anew since, concerns nobody any more; nor does the one to any instance, once some are heard of.
   */
  circuits(): Circuit[] {
    return [...this.#breakers].flatMap(([key, { state }]) => {
      const { module, instance, startedAtMs, kind } = partsOf(key);
      const isCurrent =
        instance === ANY_INSTANCE
          ? this.#directory.candidates(module, kind).length === 0
          : this.#directory
              .all(module)
              .some(({ beat }) => beat.instance === instance && beat.startedAtMs === startedAtMs);
      return isCurrent ? [{ module, instance, kind, state }] : [];
    });
  }

  /**
   * Forgets all circuits: they were opened by a connection that was lost, and would stay so for up
   * to a minute after it is there again.
   */
  forgetCircuits(): void {
    this.#breakers.clear();
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
    const candidates = this.#directory.candidates(about.module, about.kind);
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
    const underway = { member, fail };
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
    if (!isTransportError(error) || error.isRelayed) {
      return member.answered(nowMs - startMs, nowMs);
    }
    if (error.code === "CANCELLED") return;
    if (error.code === "UNREACHABLE" && error.executed === "no") {
      this.#directory.forget(module, member.beat.instance);
    }
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

  /** Gives up calls to instances that are gone meanwhile, so that they are repeated. */
  #giveUpLost(): void {
    for (const { member, fail } of this.#underway) {
      if (!this.#directory.isLost(member)) continue;
      const { module, instance } = member.beat;
      const message = `The instance ${instance} went away; whether ${module} ran this is unknown.`;
      fail(new TransportError("UNREACHABLE", "unknown", message));
    }
  }

  #mayRepeat({ kind, isKeyed, deadlineAtMs }: Balanced, error: unknown): boolean {
    // Who relays an error has repeated what it could: two layers that repeat would multiply.
    if (!isTransportError(error) || error.isRelayed) return false;
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

  /** One for each instance and kind of call; an instance that was started anew has new ones. */
  #breakerOf({ module, kind }: Balanced, member: Member | undefined): Breaker {
    const { instance, startedAtMs } = member?.beat ?? { instance: ANY_INSTANCE, startedAtMs: 0 };
    const key = `${module}\n${instance}\n${startedAtMs}\n${kind}`;
    const known = this.#breakers.get(key);
    if (known !== undefined) return known;
    const made = new Breaker(`${module} at ${instance}, ${kind}`, this.#environment);
    this.#breakers.set(key, made);
    if (this.#breakers.size > BREAKERS_MAX) {
      const [oldest = key] = this.#breakers.keys();
      this.#breakers.delete(oldest);
    }
    return made;
  }
}

/** What the key of a breaker is made of. */
function partsOf(key: string) {
  const [module = "", instance = "", startedAtMs, kind] = key.split("\n");
  return {
    module,
    instance,
    startedAtMs: Number(startedAtMs),
    kind: kind === "query" ? ("query" as const) : ("command" as const),
  };
}

/** The last attempt's error as the call's: it tells of all attempts. */
function over(error: unknown, executed: TransportError["executed"]): unknown {
  if (!isTransportError(error) || error.executed === executed) return error;
  return new TransportError(error.code, executed, error.message, { cause: error });
}
