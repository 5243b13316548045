import type { Environment } from "../contract/environment.ts";
import { clockTimer } from "../resilience/clock-timer.ts";
import type { Actor } from "./agenda.ts";
import type { Spot } from "./faults.ts";
import type { Seeded } from "./seeded.ts";
import type { World } from "./world.ts";

/** 2026-01-01T00:00:00Z: when every world begins. */
const EPOCH_MS = 1_767_225_600_000;
/** How long a turn of an event loop takes, in milliseconds. */
const TURN_MS = [0.01, 0.1] as const;
/** How soon what a process has sent cannot be lost with it any more, in milliseconds. */
const SENT_MS = 0.001;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A process of a simulated system: it may be paused, and be gone at any moment. */
export class Process implements Actor {
  readonly name: string;
  readonly environment: Environment;
  isGone = false;
  /** Why it is gone, once it is. */
  whyGone = "";
  pausedUntilMs = 0;
  /** When it was last stopped while it ran. */
  pausedSinceMs = 0;
  /** Until when its reactions fail. */
  reactionsFailUntilMs = 0;
  /** How far its clock of the day is off. */
  skewMs = 0;
  readonly #world: World;
  readonly #leaving: (() => void)[] = [];

  constructor(world: World, name: string, seed: Seeded) {
    this.name = name;
    this.#world = world;
    this.environment = environmentOf(world, this, seed);
  }

  /** Has it be gone, now: nothing that it has begun goes on. */
  kill(why: string): void {
    if (this.isGone) return;
    this.#world.note(this.name, "gone", why);
    this.isGone = true;
    this.whyGone = why;
    for (const work of this.#leaving) work();
  }

  /** Has it stand still for a while. */
  stop(forMs: number): void {
    this.#world.note(this.name, "paused", `${Math.round(forMs)} ms`);
    const { nowMs } = this.#world;
    if (this.pausedUntilMs <= nowMs) this.pausedSinceMs = nowMs;
    this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + forMs);
  }

  /** Has `work` run when it is gone, as an operating system closes what a process had open. */
  onGone(work: () => void): void {
    this.#leaving.push(work);
  }
}

/** Four of them with each draw. */
function bytesOf(seed: Seeded, count: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(count / 4));
  for (let at = 0; at < words.length; at++) words[at] = seed.below(2 ** 32);
  return new Uint8Array(words.buffer, 0, count);
}

function environmentOf(world: World, process: Process, seed: Seeded): Environment {
  const { name } = process;
  const turns = seed.fork("turns");
  const ids = seed.fork("ids");
  const secrets = seed.fork("secrets");
  const random = seed.fork("random");
  const bornAtMs = world.nowMs;
  const kills = new Map<string, Spot>();
  let turnAtMs = 0;
  let count = 0;
  const now = () => Math.floor(EPOCH_MS + world.look(name) + process.skewMs);
  const after = (delayMs: number, work: () => void) =>
    world.after(delayMs, work, { what: "timer", process });
  const hexOf = (from: Seeded, bytes: number) => {
    let text = "";
    for (let byte = 0; byte < bytes; byte++) text += HEX[from.below(256)];
    return text;
  };
  return {
    now,
    monotonic: () => world.look(name) - bornAtMs,
    random: () => random.next(),
    randomBytes: (count) => bytesOf(secrets, count),
    newId(prefix) {
      const time = now().toString(16).padStart(12, "0");
      const sequence = (count++).toString(16).padStart(8, "0");
      const end = `${hexOf(ids, 2)}${sequence}`;
      const three = () => hexOf(ids, 2).slice(1);
      return `${prefix}_${time.slice(0, 8)}-${time.slice(8)}-7${three()}-8${three()}-${end}`;
    },
    newTraceId: () => hexOf(ids, 16),
    after,
    at: (atMs, work) => clockTimer({ now, after }, { atMs }, work),
    defer(work) {
      // One after another: an event loop keeps their order.
      turnAtMs = Math.max(turnAtMs, world.nowMs + turns.between(...TURN_MS));
      world.after(turnAtMs - world.nowMs, work, { what: "turn", process });
    },
    reach(point) {
      const known = kills.get(point);
      const spot = known ?? world.faults.at("kill", `${name} at ${point}`);
      if (known === undefined) kills.set(point, spot);
      if (process.isGone || !spot.happens()) return;
      const kill = () => process.kill(`killed at ${point}`);
      // At once, which takes with it what it means to send, or when that has just left.
      if (world.faults.amount(0, 1) < 0.5) kill();
      else world.after(SENT_MS, kill, { what: "kill", process });
    },
  };
}
