import type { Manifest } from "../../transport/manifest.ts";
import { type Permissions, permissionsOf } from "../../transport/nats/permissions.ts";
import { SubjectTree } from "./subject-tree.ts";

/** Subjects about which it is remembered whether a user may publish to them, at most. */
const DECIDED_MAX = 1_024;

/** What a user may do at the broker. */
export interface Permit {
  mayPublish(subject: string): boolean;
  mayListen(to: { readonly subject: string; readonly queue: string | undefined }): boolean;
}

/** What everybody may at a nats-server that knows no users. */
const anything: Permit = { mayPublish: () => true, mayListen: () => true };

/** What each user of a broker may do: by a manifest, or, without one, anything. */
export class Permits {
  static readonly #known = new WeakMap<Manifest, Permits>();
  readonly #permits: ReadonlyMap<string, Permit> | undefined;

  /** Those of a manifest, which are made once. */
  static by(manifest: Manifest): Permits {
    const known = Permits.#known.get(manifest) ?? new Permits(manifest);
    Permits.#known.set(manifest, known);
    return known;
  }

  constructor(manifest?: Manifest) {
    if (manifest === undefined) return;
    const permits = [...permissionsOf(manifest)].map(
      ([user, permissions]) => [user, new UserPermit(permissions)] as const,
    );
    this.#permits = new Map(permits);
  }

  /** Throws when the broker does not know the user. */
  of(user: string): Permit {
    if (this.#permits === undefined) return anything;
    const permit = this.#permits.get(user);
    if (permit !== undefined) return permit;
    throw new Error(`The broker knows no user ${user}. Its users are the modules of its manifest.`);
  }
}

/** Lets a user do what its permissions say, as nats-server reads them. */
class UserPermit implements Permit {
  readonly #publish = new SubjectTree<string>();
  /** How subjects begin that may be published to whatever follows, such as those of an inbox. */
  readonly #below: string[] = [];
  /** Each by the queue group that it is for; it is for all when that is empty. */
  readonly #subscribe = new SubjectTree<string>();
  readonly #decided = new Map<string, boolean>();

  constructor({ publish, subscribe }: Permissions) {
    for (const subject of publish) {
      this.#publish.add(subject, subject);
      if (/^[^*]+\.>$/.test(subject)) this.#below.push(subject.slice(0, -1));
    }
    for (const one of subscribe) {
      const [subject = "", queue = ""] = one.split(" ");
      this.#subscribe.add(subject, queue);
    }
  }

  mayPublish(subject: string): boolean {
    // An inbox is written to once, so it would be remembered in vain.
    if (subject.startsWith("_INBOX.")) return this.#isBelow(subject) || this.#decide(subject);
    const known = this.#decided.get(subject);
    if (known !== undefined) return known;
    const may = this.#decide(subject);
    if (this.#decided.size >= DECIDED_MAX) this.#decided.clear();
    this.#decided.set(subject, may);
    return may;
  }

  mayListen({ subject, queue }: { readonly subject: string; readonly queue: string | undefined }) {
    const queues = this.#subscribe.find(subject);
    const groups = queues.filter((one) => one !== "");
    if (queue !== undefined && groups.length > 0) return groups.includes(queue);
    return groups.length < queues.length;
  }

  #isBelow(subject: string): boolean {
    for (const beginning of this.#below) {
      if (subject.startsWith(beginning) && subject.length > beginning.length) return true;
    }
    return false;
  }

  #decide(subject: string): boolean {
    return this.#publish.find(subject).length > 0;
  }
}
