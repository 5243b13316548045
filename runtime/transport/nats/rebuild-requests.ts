import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Link, Message } from "./link.ts";
import { rebuildSubject, streamOf } from "./subjects.ts";

/** Milliseconds between two requests: doubled each time, and as at first after an hour of none. */
const PAUSE_FIRST_MS = 5_000;
const PAUSE_MAX_MS = 600_000;
const QUIET_MS = 3_600_000;

/** What requests for a rebuild stand on. */
export interface RebuildRequestsOptions {
  readonly connection: Link;
  readonly module: string;
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Has a producer's stream made anew by the provisioner, the only one who may, and says why.
 *
 * A request may get lost, and where somebody else runs the broker nobody listens: whoever finds the
 * damage asks again for as long as it is there. Requests are limited, so that damage that a rebuild
 * does not repair costs little.
 */
export class RebuildRequests {
  readonly #options: RebuildRequestsOptions;
  #pauseMs = PAUSE_FIRST_MS;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RebuildRequestsOptions) {
    this.#options = options;
  }

  /** Requests a rebuild unless the last request is too recent; returns whether it did. */
  request(reason: string): boolean {
    const { connection, module, environment, log } = this.#options;
    const sinceMs = environment.monotonic() - this.#lastAtMs;
    if (sinceMs < this.#pauseMs || !connection.isUp) return false;
    const isFirst = sinceMs >= QUIET_MS;
    this.#pauseMs = isFirst ? PAUSE_FIRST_MS : Math.min(this.#pauseMs * 2, PAUSE_MAX_MS);
    this.#lastAtMs = environment.monotonic();
    log.error(
      "A stream of events is damaged. It is deleted and filled again from the outbox of its " +
        "module: nothing is lost. If this is said again and a nats-server of your own is used, " +
        "delete the stream and run `nats provision`",
      { module, stream: streamOf(module), reason },
    );
    connection.publish(rebuildSubject(module), rebuildPayload(reason));
    return true;
  }
}

/** A request for a rebuild, as a payload. */
function rebuildPayload(reason: string): string {
  return JSON.stringify({ rebuild: reason });
}

/**
 * The module whose stream is to be made anew, and why; undefined when this is no such request.
 *
 * Permissions let a module ask for its own stream alone, but NATS does not look at the subject for
 * replies: the broker can be made to send events, which keep their own subject, and answers of its
 * own, which are no such payload.
 */
export function rebuildRequestIn(
  message: Pick<Message, "subject" | "string">,
): { readonly module: string; readonly reason: string } | undefined {
  const module = message.subject.split(".")[1] ?? "";
  if (message.subject !== rebuildSubject(module)) return undefined;
  try {
    const { rebuild: reason, ...more } = JSON.parse(message.string());
    const isSound = typeof reason === "string" && Object.keys(more).length === 0;
    return isSound ? { module, reason } : undefined;
  } catch {
    return undefined;
  }
}
