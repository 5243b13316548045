import type { Static, TObject } from "@sinclair/typebox";
import { assertName } from "../contract/names.ts";
import type { Log } from "../telemetry/log.ts";
import type { Guard } from "./guards.ts";

/** What a port may use to reach the world outside. */
export interface World {
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
  newId(prefix: string): string;
  /** A number in [0, 1). */
  random(): number;
  /** Bytes that nobody can guess: for tokens and keys. */
  randomBytes(count: number): Uint8Array;
  /**
   * Runs `work` once, after `delayMs`; at once when that is zero or less. Returns a function that
   * takes it back. Throws a TypeError when `delayMs` is no duration, such as NaN or Infinity.
   */
  after(delayMs: number, work: () => void): () => void;
  /**
   * Makes a circuit breaker before what this port reaches. After five rejections in a row that
   * `isAway` says come of its being away, work is not begun but rejects at once with a
   * TransportError BREAKER_OPEN, `executed: "no"`; after a pause that grows to a minute one work
   * tries. Any other rejection is an answer. Nothing is repeated: that is for whoever asked.
   */
  guard(isAway: (error: unknown) => boolean): Guard;
  /** A folder of this port's own, in the data folder; made when first asked for. */
  folder(): string;
  /** The address under which customers reach the shop, without a slash at the end. */
  readonly publicUrl: string;
  /** False in production: gates aids such as the mailbox page. */
  readonly development: boolean;
}

/** A named hole in a module for something outside of Cleave: a payment provider, a mail server. */
export interface Port<T> {
  readonly name: string;
  /** Settings by name, read from the environment and validated at start. */
  readonly settings: TObject;
  /** Tells, before anything is opened, why these settings will not do; undefined when they do. */
  readonly refuse: (settings: never, world: Pick<World, "development">) => string | undefined;
  readonly open: (settings: never, world: World) => T;
  readonly close: (opened: T) => void | Promise<void>;
}

/** A port whatever stands behind it, as lists of ports hold it. */
export interface AnyPort {
  readonly name: string;
  readonly settings: TObject;
  readonly refuse: Port<unknown>["refuse"];
  readonly open: (settings: never, world: World) => unknown;
  readonly close: (opened: never) => void | Promise<void>;
}

/**
 * Declares a port: the settings that it reads, and how to open and close what stands behind it.
 *
 * Its name has letters, digits, _ and -, in parts with dots between them, as in `orders.mailer`;
 * any other is a TypeError. Listed in the module's `ports`, it is opened once in each instance
 * that hosts the module. Tests put another implementation behind it.
 */
export function port<T, Settings extends TObject>(
  name: string,
  behind: {
    readonly settings: Settings;
    readonly refuse?: (
      settings: Static<Settings>,
      world: Pick<World, "development">,
    ) => string | undefined;
    readonly open: (settings: Static<Settings>, world: World) => T;
    readonly close?: (opened: T) => void | Promise<void>;
  },
): Port<T> {
  assertName(name, "A port", { isDotted: true });
  return Object.freeze({
    name,
    settings: behind.settings,
    // It is called with settings that were read by the schema beside it.
    refuse: (behind.refuse ?? (() => undefined)) as Port<T>["refuse"],
    // The same schema has read the settings that it is called with.
    open: behind.open as Port<T>["open"],
    close: behind.close ?? (() => {}),
  });
}

/** Why ports will not do with their settings, a sentence for each; none when all will. */
export function refusals(
  ports: readonly AnyPort[],
  settings: ReadonlyMap<string, unknown>,
  world: Pick<World, "development">,
): string[] {
  // The settings under the name of a port were read by its schema.
  return ports.flatMap(
    (port) => port.refuse((settings.get(port.name) ?? {}) as never, world) ?? [],
  );
}
