import type { Msg } from "@nats-io/transport-node";
import type { Environment } from "../../contract/environment.ts";
import type { Directory } from "../balance/directory.ts";
import type { Heartbeat } from "../balance/member.ts";
import type { Callee } from "./callee.ts";
import type { Connection } from "./connection.ts";
import { heartbeatSubject } from "./subjects.ts";
import { textOf } from "./wire.ts";

const EVERY_MS = 500;

/** Says again and again that a callee is there and how it is, until it is told to stop. */
export class Heartbeats {
  readonly #callee: Callee;
  readonly #connection: Connection;
  readonly #environment: Environment;
  readonly #startedAtMs: number;
  readonly #version: string;
  #cancel = () => {};
  #state: Heartbeat["state"] = "up";

  constructor(
    callee: Callee,
    about: {
      readonly connection: Connection;
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
    const { client, isUp } = this.#connection;
    if (!isUp || client.isClosed()) return;
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
    client.publish(heartbeatSubject(module, instance), JSON.stringify(beat));
  }
}

/** Has a directory hear of the instances of these modules; `*` is all of them. */
export function listenTo(
  modules: readonly string[],
  connection: Connection,
  directory: Directory,
): void {
  for (const module of modules) {
    connection.client.subscribe(heartbeatSubject(module, "*"), {
      callback: (error, msg) => {
        if (error !== null) return;
        const beat = beatIn(msg);
        if (beat !== undefined) directory.hear(beat);
      },
    });
  }
}

/** A heartbeat, if the message is one and speaks of what its subject names. */
function beatIn(msg: Msg): Heartbeat | undefined {
  const [, module, instance] = msg.subject.split(".");
  try {
    const beat = JSON.parse(textOf(msg)) as Heartbeat;
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
