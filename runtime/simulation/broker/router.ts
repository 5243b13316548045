import type { Seeded } from "../seeded.ts";
import type { Pipe, Taker } from "./pipe.ts";
import { SentMessage } from "./sent-message.ts";
import { SubjectTree } from "./subject-tree.ts";

/** Subjects whose ways are remembered, at most. */
const WAYS_MAX = 4_096;

/** One interest of one connection. */
export interface Interest {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Where it is handed over, and the way there. */
  readonly to: Taker;
  readonly down: Pipe;
}

/** Who is to have a message: each of some, and one of each group. */
interface Way {
  readonly all: readonly Interest[];
  readonly groups: readonly (readonly Interest[])[];
}

/** Hands messages to whoever is interested, at most once, and to a random one of each group. */
export class Router {
  readonly #tree = new SubjectTree<Interest>();
  readonly #ways = new Map<string, Way>();
  readonly #seed: Seeded;

  constructor(seed: Seeded) {
    this.#seed = seed;
  }

  add(interest: Interest): void {
    this.#tree.add(interest.subject, interest);
    this.#ways.clear();
  }

  delete(interest: Interest): void {
    this.#tree.delete(interest.subject, interest);
    this.#ways.clear();
  }

  /** Hands a message over. Who asked for a reply hears when nobody listens. */
  route(message: SentMessage): void {
    const { all, groups } = this.#wayOf(message.subject);
    for (const interest of all) pass(message, interest);
    for (const group of groups) {
      const one = group.length === 1 ? group[0] : group[this.#seed.below(group.length)];
      if (one !== undefined) pass(message, one);
    }
    if (all.length > 0 || groups.length > 0 || message.reply === "") return;
    this.route(new SentMessage(message.reply, "", { code: 503 }));
  }

  #wayOf(subject: string): Way {
    const known = this.#ways.get(subject);
    if (known !== undefined) return known;
    const way = wayFor(this.#tree.find(subject));
    // An inbox is written to once.
    if (subject.startsWith("_INBOX.")) return way;
    if (this.#ways.size >= WAYS_MAX) this.#ways.clear();
    this.#ways.set(subject, way);
    return way;
  }
}

function pass(message: SentMessage, { to, down }: Interest): void {
  down.send({ to, message }, lossOf(message));
}

function lossOf({ subject }: SentMessage) {
  return subject.startsWith("_INBOX.") ? "reply-lost" : "message-lost";
}

function wayFor(found: readonly Interest[]): Way {
  const all = found.filter(({ queue }) => queue === undefined);
  if (all.length === found.length) return { all, groups: [] };
  const groups = new Map<string, Interest[]>();
  for (const interest of found) {
    const { queue } = interest;
    if (queue === undefined) continue;
    const group = groups.get(queue);
    if (group === undefined) groups.set(queue, [interest]);
    else group.push(interest);
  }
  return { all, groups: [...groups.values()] };
}
