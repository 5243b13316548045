import type { Environment } from "../../contract/environment.ts";
import type { Directory } from "../balance/directory.ts";
import type { Heartbeat } from "../balance/member.ts";
import type { Callee } from "./callee.ts";
import type { Link, Message } from "./link.ts";
import { heartbeatSubject } from "./subjects.ts";

const EVERY_MS = 500;

/** Says again and again that a callee is there and how it is, until it is told to stop. */
export class Heartbeats {
  readonly #callee: Callee;
  readonly #connection: Link;
  readonly #environment: Environment;
  readonly #startedAtMs: number;
  readonly #version: string;
  #cancel = () => {};
  #state: Heartbeat["state"] = "up";

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
    this.#startedAtMs = about.environment.now();
    this.#version = about.version;
    this.#beat();
  }

  /** Says that it takes no more work, once. */
  stop(): void {
    this.#cancel();
    this.#state = "draining";
    this.#say();
  }

  #beat(): void {
    this.#say();
    this.#cancel = this.#environment.after(EVERY_MS, () => this.#beat());
  }

  #say(): void {
    const connection = this.#connection;
    if (!connection.isUp || connection.isClosed) return;
    const { module, instance, isReader, running, calls, errors } = this.#callee;
    const beat: Heartbeat = {
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
    connection.publish(heartbeatSubject(module, instance), JSON.stringify(beat));
  }
}

/** Has a directory hear of the instances of these modules; `*` is all of them. */
export function listenTo(modules: readonly string[], connection: Link, directory: Directory): void {
  for (const module of modules) {
    connection.listen(heartbeatSubject(module, "*"), (msg) => {
      const beat = beatIn(msg);
      if (beat !== undefined) directory.hear(beat);
    });
  }
}

/** The last text that was read: every module of an instance hears the same. */
let last: { readonly text: string; readonly parsed: unknown } = { text: "null", parsed: null };

function parsed(text: string): unknown {
  if (last.text !== text) last = { text, parsed: JSON.parse(text) };
  return last.parsed;
}

/** A heartbeat, if the message is one and speaks of what its subject names. */
function beatIn(msg: Message): Heartbeat | undefined {
  const [, module, instance] = msg.subject.split(".");
  try {
    const beat = parsed(msg.string()) as Heartbeat;
    const isSound =
      beat.module === module &&
      beat.instance === instance &&
      (beat.role === "owner" || beat.role === "reader") &&
      (beat.state === "up" || beat.state === "draining");
    return isSound ? beat : undefined;
  } catch {
    return undefined;
  }
}
