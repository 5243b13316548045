import type { Environment } from "../../contract/environment.ts";
import { TransportError } from "../../contract/errors.ts";
import type { Log } from "../../telemetry/log.ts";
import { OwnershipConflict } from "../ownership-conflict.ts";
import type { Link, Listening, Message } from "./link.ts";
import { type Claim, claimIn, conflict, outranks, silentConflict } from "./ownership-claim.ts";
import { inboxOf, ownerBitSubject, ownerSubject } from "./subjects.ts";

/** Bits of an incarnation by which owners find one another. */
const BITS = 24;
const INCARNATION_BYTES = 16;
/** How long an answer is waited for, and when it is asked again, in milliseconds. */
const ANSWER_MS = 1_000;
const AGAIN_MS = 200;
/** The broker drops a connection that is silent for 15 seconds; a little longer than that. */
const SILENT_MS_MAX = 20_000;
/** How long a refused claim is told, in milliseconds: whoever is refused tries again meanwhile. */
const REFUSED_TOLD_MS = 10 * 60_000;

/** What an ownership stands on. */
export interface OwnershipOptions {
  readonly connection: Link;
  readonly module: string;
  /** The id of the module's database. */
  readonly database: string;
  readonly instance: string;
  /** The process and its data folder, in words. */
  readonly place: string;
  readonly environment: Environment;
  /** The clock by which is asked again; it must not stand still. */
  readonly clock: Pick<Environment, "after" | "monotonic">;
  readonly log: Log;
  /** Is told when the ownership is lost: another process took it while this one was cut off. */
  readonly onLost: (conflict: OwnershipConflict) => void;
}

/** A claim that was refused here, for those who look. */
export interface RefusedClaim {
  readonly place: string;
  readonly atMs: number;
}

/**
 * The ownership of a module among all processes that share a broker: one has it, whatever data
 * folder the others have.
 *
 * Each owner, and each process that claims to be one, listens to a subject for each bit of its
 * incarnation. It asks on the subjects of the opposite bits, so everybody but itself hears, and as
 * long as nobody is there the broker says so at once: a process that crashed is not waited for. It
 * listens before it asks, so of two that start at once one hears the other; which of them stays,
 * both decide by the same order. An owner that was cut off asks again before it serves on.
 *
 * A bit without a listener need not be asked for again while the connection lasts: whoever listens
 * to it later asks on a subject that this process listens to, and is not told that nobody is there.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #incarnation: string;
  readonly #sinceMs: number;
  readonly #listening: Listening[];
  /** Bits whose opposite nobody listened to, since the connection is up. */
  readonly #absent = new Set<number>();
  #state: Claim["state"] = "claiming";
  /** A claim that stands against this one. */
  #rival: Claim | undefined;
  /** Ends the wait for answers. */
  #heard: () => void = () => {};
  #pending: Promise<void> | undefined;
  #refused: RefusedClaim | undefined;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #refusedIncarnation = "";
  #isRefusedByBroker = false;
  #hasLeft = false;

  constructor(options: OwnershipOptions) {
    const { connection, environment, module } = options;
    this.#options = options;
    this.#incarnation = Buffer.from(environment.randomBytes(INCARNATION_BYTES)).toString("hex");
    this.#sinceMs = environment.now();
    this.#listening = [
      connection.listen(ownerSubject(module, this.#incarnation), (msg) => this.#take(msg)),
      ...this.#bits().map((bit, index) =>
        connection.listen(ownerBitSubject(module, index, bit), (msg) => this.#takeQuestion(msg)),
      ),
    ];
    // Nobody heard this process from then on, so another one may have found nobody.
    connection.onDown(() => this.#absent.clear());
    connection.onUp(() => this.#return());
    connection.onRefused((subject) => {
      if (subject.startsWith(`owner.${module}.`)) this.#isRefusedByBroker = true;
    });
  }

  /**
   * Resolves when this process owns the module. Rejects with an OwnershipConflict when another one
   * does; then this one claims it no more.
   */
  async claim(): Promise<void> {
    await this.#contend();
  }

  /**
   * Undefined while the module is owned; else a promise that resolves when it is again, and rejects
   * with a TransportError, `executed: "no"`, when it is lost.
   */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** The last claim of another process that was refused here in the last ten minutes. */
  get refused(): RefusedClaim | undefined {
    const sinceMs = this.#options.environment.monotonic() - this.#refusedMs;
    return sinceMs < REFUSED_TOLD_MS ? this.#refused : undefined;
  }

  /** Asks again after a loss of the connection, in which another one may have found nobody. */
  #return(): void {
    if (this.#state !== "owning" || this.#hasLeft) return;
    this.#state = "returning";
    this.#pending = this.#contend().then(
      () => {
        this.#pending = undefined;
      },
      (error: unknown) => {
        if (error instanceof OwnershipConflict) this.#options.onLost(error);
        throw this.#gone();
      },
    );
    this.#pending.catch(() => {}); // Whoever is asked for something hears of it.
  }

  /** Asks until nobody else is there, or somebody whose claim stands against this one. */
  async #contend(): Promise<void> {
    const { connection, clock } = this.#options;
    let silentSinceMs = clock.monotonic();
    try {
      for (;;) {
        const absentBefore = this.#absent.size;
        const isNobody = await this.#ask();
        this.#assertStands();
        if (isNobody) break;
        if (connection.isClosed) throw this.#gone();
        const hasLearnt = this.#absent.size > absentBefore;
        if (!connection.isUp || hasLearnt) silentSinceMs = clock.monotonic();
        else if (clock.monotonic() - silentSinceMs >= SILENT_MS_MAX) {
          throw silentConflict(this.#claim, SILENT_MS_MAX);
        }
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
      }
    } catch (error) {
      this.leave();
      throw error;
    }
    this.#state = "owning";
  }

  /** Asks once on the subjects that are still open; resolves with true when nobody is there. */
  async #ask(): Promise<boolean> {
    const { connection, environment, clock, module } = this.#options;
    // Whoever asks from now on finds this process.
    const isFlushed = await connection.flush().then(
      () => true,
      () => false,
    );
    if (!isFlushed || !connection.isUp || connection.isClosed) return false;
    // The last answers may have come when the ask before was over.
    if (this.#isAlone) return true;
    const token = Buffer.from(environment.randomBytes(INCARNATION_BYTES)).toString("hex");
    const reply = `${inboxOf(connection.user)}.${token}`;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const listening = connection.listen(`${reply}.*`, ({ subject, headers }) => {
      if (headers?.code !== 503) return;
      this.#absent.add(Number(subject.slice(reply.length + 1)));
      if (this.#isAlone) resolve(true);
    });
    this.#heard = () => resolve(false);
    const cancel = clock.after(ANSWER_MS, () => resolve(false));
    const payload = JSON.stringify(this.#claim);
    for (const [index, bit] of this.#bits().entries()) {
      if (this.#absent.has(index)) continue;
      const subject = ownerBitSubject(module, index, 1 - bit);
      connection.publish(subject, payload, { reply: `${reply}.${index}` });
    }
    const isNobody = await promise;
    cancel();
    this.#heard = () => {};
    void listening.drain().catch(() => {});
    return isNobody;
  }

  /** Takes an answer: another claim, which may stand against this one. */
  #take(message: Message): void {
    const other = this.#otherIn(message);
    if (other === undefined) return;
    if (outranks(other, this.#claim)) this.#rival = other;
    this.#heard();
  }

  /** Answers another claim; gives way when that one stands. */
  #takeQuestion(message: Message): void {
    const other = this.#otherIn(message);
    if (other === undefined) return;
    const { connection, module } = this.#options;
    if (!connection.isUp || connection.isClosed) return;
    connection.publish(ownerSubject(module, other.incarnation), JSON.stringify(this.#claim));
    if (outranks(this.#claim, other)) return this.#noteRefused(other);
    this.#rival = other;
    this.#heard();
  }

  #noteRefused({ incarnation, place, instance }: Claim): void {
    const { environment, log, module } = this.#options;
    if (this.#state !== "owning") return;
    this.#refused = { place: `the instance ${instance} (${place})`, atMs: environment.now() };
    this.#refusedMs = environment.monotonic();
    // It is asked once for each bit in which they differ.
    if (incarnation === this.#refusedIncarnation) return;
    this.#refusedIncarnation = incarnation;
    log.warn("another process wanted to own the module and was refused", {
      module,
      instance,
      place,
    });
  }

  get #isAlone(): boolean {
    return this.#absent.size === BITS;
  }

  #otherIn(message: Message): Claim | undefined {
    const claim = claimIn(message, this.#options.module);
    return claim?.incarnation === this.#incarnation ? undefined : claim;
  }

  #assertStands(): void {
    const { module, connection } = this.#options;
    if (this.#rival !== undefined) throw conflict(this.#claim, this.#rival);
    if (!this.#isRefusedByBroker) return;
    throw new OwnershipConflict(
      `The nats-server at ${connection.url} does not let ${module} say that it owns its data: it ` +
        "has the users of an older version. Run `nats provision`, and have the server read its " +
        "config again.",
    );
  }

  /** Claims the module no more, and is found by nobody any more. */
  leave(): void {
    this.#hasLeft = true;
    for (const one of this.#listening) if (!one.isClosed) void one.drain().catch(() => {});
  }

  #gone(): TransportError {
    const { module, instance } = this.#options;
    const message = `The instance ${instance} does not own ${module} any more.`;
    return new TransportError("UNREACHABLE", "no", message, { fault: "callee" });
  }

  get #claim(): Claim {
    const { module, database, instance, place } = this.#options;
    const about = { module, database, instance, place };
    return {
      ...about,
      incarnation: this.#incarnation,
      state: this.#state,
      sinceMs: this.#sinceMs,
    };
  }

  #bits(): number[] {
    const value = Number.parseInt(this.#incarnation.slice(0, BITS / 4), 16);
    return Array.from({ length: BITS }, (_, index) => (value >> index) & 1);
  }
}
