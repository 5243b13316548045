import { join, relative } from "node:path";
import { isKernel, outsideKernel, placesIn } from "./places.ts";
import { type Watched, watched } from "./watched.ts";

const root = join(import.meta.dir, "../..");
const own = relative(root, import.meta.path);
/** Calls that are looked into, and places that are told of, in one run at most. */
const CALLS_MAX = 200;
const PLACES_MAX = 3;
const FRAMES_MAX = 50;

/**
 * Notices who leaves a run while it is under way: who waits for real time, of which none passes in
 * it, so that such a call never comes back; who reaches for the real world; and who would end the
 * process. The latter two throw an error. What is imported by its name from a module of the
 * platform, as `readFile` is, goes unseen.
 *
 * Until it is disposed of, those functions are not what they were.
 */
export class RealWaits implements Disposable {
  readonly #restoring: (() => void)[] = [];
  /** Who has done it, by what it is. */
  readonly #places = new Map<Watched["sort"], Set<string>>();
  #calls = 0;

  constructor() {
    // The platform makes them by such a function when they are asked for, which may be in a run.
    void [process.stdout, process.stderr];
    for (const one of watched) {
      for (const name of one.names) this.#watch(one, name);
    }
  }

  /** Who did what, and what to do about it: a sentence for each sort; none when nobody did. */
  get sentences(): string[] {
    return [...this.#places].map(([sort, places]) =>
      sentenceOf(sort, [...places].slice(0, PLACES_MAX).join(", ")),
    );
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restoring.splice(0)) restore();
  }

  #watch({ of, at, sort, takeBack }: Watched, name: string): void {
    const real: unknown = Reflect.get(at, name);
    if (typeof real !== "function") return;
    const note = () => this.#note(sort, `${of}${name}`);
    const watching = new Proxy(real, {
      apply(target, that, given) {
        note();
        const begun = Reflect.apply(target, that, given);
        takeBack?.(begun);
        return begun;
      },
      construct(target, given, made) {
        note();
        return Reflect.construct(target, given, made);
      },
    });
    Reflect.set(at, name, watching);
    this.#restoring.push(() => void Reflect.set(at, name, real));
  }

  #note(sort: Watched["sort"], called: string): void {
    this.#calls += 1;
    if (this.#calls > CALLS_MAX && !sort.isRefused) return;
    const place = `${callerIn(stack())} called ${called}`;
    this.#places.set(sort, (this.#places.get(sort) ?? new Set()).add(place));
    if (sort.isRefused) throw new Error(sentenceOf(sort, place));
  }
}

function sentenceOf({ said, remedy }: Watched["sort"], places: string): string {
  return `${said}: ${places}. ${remedy}`;
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
