import type { Environment } from "../../contract/environment.ts";
import type { Directory } from "../balance/directory.ts";
import { HEARTBEAT_EVERY_MS, type Heartbeat } from "../balance/member.ts";
import type { Callee } from "./callee.ts";
import type { Link } from "./link.ts";
import { heartbeatSubject } from "./subjects.ts";

/** Subjects of which it is remembered whom they name, at most. */
const NAMED_MAX = 4_096;

/** Says again and again that a callee is there and how it is, until it is told to stop. */
export class Heartbeats {
  readonly #callee: Callee;
  readonly #connection: Link;
  readonly #environment: Environment;
  readonly #subject: string;
  readonly #startedAtMs: number;
  readonly #version: string;
  #cancel = () => {};
  #state: Heartbeat["state"] = "up";
  /** What was said last, and of how many calls. */
  #text = "";
  #counted = "";

  constructor(
    callee: Callee,
    about: {
      readonly connection: Link;
      readonly environment: Environment;
      readonly version: string;
    },
  ) {
    this.#callee = callee;
    this.#connection = about.connection;
    this.#environment = about.environment;
    this.#subject = heartbeatSubject(callee.module, callee.instance);
    this.#startedAtMs = about.environment.now();
    this.#version = about.version;
    this.#beat();
  }

  /** Says that it takes no more work, and goes on with that until it is stopped. */
  drain(): void {
    this.#cancel();
    this.#state = "draining";
    this.#beat();
  }

  /** Says no more. */
  stop(): void {
    this.#cancel();
  }

  #beat(): void {
    this.#say();
    this.#cancel = this.#environment.after(HEARTBEAT_EVERY_MS, () => this.#beat());
  }

  #say(): void {
    const connection = this.#connection;
    if (!connection.isUp || connection.isClosed) return;
    const { running, calls, errors } = this.#callee;
    const counted = `${this.#state} ${running} ${calls} ${errors}`;
    if (counted !== this.#counted) {
      this.#counted = counted;
      this.#text = JSON.stringify(this.#beatNow());
    }
    connection.publish(this.#subject, this.#text);
  }

  #beatNow(): Heartbeat {
    const { module, instance, isReader, running, calls, errors } = this.#callee;
    return {
      module,
      instance,
      role: isReader ? "reader" : "owner",
      state: this.#state,
      version: this.#version,
      startedAtMs: this.#startedAtMs,
      inFlight: running,
      calls,
      errors,
    };
  }
}

/** Has a directory hear of the instances of these modules; `*` is all of them. */
export function listenTo(modules: readonly string[], connection: Link, directory: Directory): void {
  const known = new Map<string, Named>();
  const namedIn = (subject: string) => known.get(subject) ?? remember(subject, known);
  for (const module of modules) {
    connection.listen(heartbeatSubject(module, "*"), (msg) => {
      const named = namedIn(msg.subject);
      const text = msg.string();
      if (directory.hearAgain(named, text)) return;
      const beat = beatIn(text, named);
      if (beat !== undefined) directory.hear(beat, text);
    });
  }
}

/** Whom the subject of a heartbeat names. */
type Named = Pick<Heartbeat, "module" | "instance">;

function remember(subject: string, known: Map<string, Named>): Named {
  const [, module = "", instance = ""] = subject.split(".");
  const named = { module, instance };
  if (known.size >= NAMED_MAX) known.clear();
  known.set(subject, named);
  return named;
}

/** A heartbeat, if a text is one and speaks of whom its subject names. */
function beatIn(text: string, about: Named): Heartbeat | undefined {
  try {
    // Only the module's own user may publish it: its numbers are believed, whom it names is not.
    const beat = JSON.parse(text) as Heartbeat;
    const isSound =
      beat.module === about.module &&
      beat.instance === about.instance &&
      (beat.role === "owner" || beat.role === "reader") &&
      (beat.state === "up" || beat.state === "draining");
    return isSound ? beat : undefined;
  } catch {
    return undefined;
  }
}
