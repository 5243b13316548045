/** Whom something happens to: it may stand still, or be gone. */
export interface Actor {
  readonly name: string;
  readonly isGone: boolean;
  readonly pausedUntilMs: number;
}

/** Something that is to happen. */
export interface Happening {
  /** When, in milliseconds since the world began. */
  atMs: number;
  /** For what happens at the same time: first come, first served. */
  order: number;
  readonly what: string;
  /** In which process it happens; undefined for what is outside of all, such as the network. */
  readonly process: Actor | undefined;
  readonly notesItself: boolean;
  readonly work: () => void;
  cancelled: boolean;
}

/** What is to happen, the earliest first: a binary heap. */
export class Agenda {
  readonly #heap: Happening[] = [];

  first(): Happening | undefined {
    return this.#heap[0];
  }

  add(happening: Happening): void {
    this.#heap.push(happening);
    this.#rise(happening, this.#heap.length - 1);
  }

  removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    // The gap sinks to the end, where what was last most often belongs.
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      const one = heap[left];
      if (one === undefined) break;
      const other = heap[left + 1];
      const isRight = other !== undefined && isBefore(other, one);
      heap[at] = isRight ? other : one;
      at = isRight ? left + 1 : left;
    }
    this.#rise(last, at);
  }

  /** Puts something into a gap, or above it, where it belongs. */
  #rise(happening: Happening, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, happening)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
