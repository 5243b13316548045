import fs from "node:fs";
import { join, relative } from "node:path";
import { isKernel, outsideKernel, placesIn } from "./places.ts";

const root = join(import.meta.dir, "../..");
const own = relative(root, import.meta.path);
/** Calls that are looked into, and places that are told of, in one run at most. */
const CALLS_MAX = 200;
const PLACES_MAX = 3;
const FRAMES_MAX = 50;

/** Where there is what comes back after real time only, and under which names. */
const waiting: readonly { readonly of: string; readonly at: object; readonly names: string[] }[] = [
  { of: "", at: globalThis, names: ["fetch", "setTimeout", "setInterval", "setImmediate"] },
  { of: "Bun.", at: Bun, names: ["sleep", "file", "write", "spawn", "connect"] },
  { of: "crypto.subtle.", at: SubtleCrypto.prototype, names: namesIn(SubtleCrypto.prototype) },
  { of: "fs.promises.", at: fs.promises, names: namesIn(fs.promises) },
  { of: "fs.", at: fs, names: namesIn(fs).filter((name) => `${name}Sync` in fs) },
];

/**
 * Notices who waits for real time while a run is under way, in which none passes: such a call never
 * comes back. What is imported by its name from a module of the platform, as `readFile` is, goes
 * unseen.
 *
 * Until it is disposed of, those functions are not what they were.
 */
export class RealWaits implements Disposable {
  readonly #restoring: (() => void)[] = [];
  readonly #places = new Set<string>();
  #calls = 0;

  constructor() {
    for (const { of, at, names } of waiting) {
      for (const name of names) this.#watch(at, name, `${of}${name}`);
    }
  }

  /** Who waited for what, and what to do about it; undefined when nobody did. */
  get sentence(): string | undefined {
    if (this.#places.size === 0) return undefined;
    const places = [...this.#places].slice(0, PLACES_MAX).join(", ");
    return (
      `Real time was waited for, which does not pass here: ${places}. Have a saga wait with ` +
      "waitUntil, or put it behind a port: what stands there has `after` of its World, and can " +
      "be simulated by `outside`."
    );
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restoring.splice(0)) restore();
  }

  #watch(at: object, name: string, called: string): void {
    const real: unknown = Reflect.get(at, name);
    if (typeof real !== "function") return;
    const watched = new Proxy(real, {
      apply: (target, that, given) => {
        this.#note(called);
        return Reflect.apply(target, that, given);
      },
    });
    Reflect.set(at, name, watched);
    this.#restoring.push(() => void Reflect.set(at, name, real));
  }

  #note(called: string): void {
    this.#calls += 1;
    if (this.#calls > CALLS_MAX) return;
    this.#places.add(`${callerIn(stack())} called ${called}`);
  }
}

function namesIn(object: object): string[] {
  return Object.keys(object).filter((name) => typeof Reflect.get(object, name) === "function");
}

function stack(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

/**
 * Who made a call, by file and line: what is nearest to it and neither the kernel's nor a
 * package's. There may be no such thing: a call that is the last thing that a function does leaves
 * no trace of it.
 */
function callerIn(frames: string): string {
  const places = placesIn(frames).filter((one) => !one.startsWith(`${own}:`));
  const [nearest = "the kernel"] = places;
  return outsideKernel(places) ?? (isKernel(nearest) ? `what ${nearest} calls` : nearest);
}
