import { CONSOLE } from "../../contract/broker-users.ts";
import type { Report } from "../report.ts";
import type { Endpoint } from "./callee.ts";
import type { Link, Listening, Message } from "./link.ts";
import {
  callSubject,
  inboxOf,
  queueOf,
  SERVICE_VERBS,
  type ServiceVerb,
  serviceSubjects,
} from "./subjects.ts";
import { payloadOf } from "./wire.ts";

const NANOSECONDS = 1_000_000;
/** Characters of the last error of a procedure, at most. */
const LAST_ERROR_LENGTH_MAX = 500;

/** What a responder tells of. */
export interface ResponderOptions {
  readonly connection: Link;
  readonly report: () => Report;
  readonly endpoints: () => readonly Endpoint[];
}

/**
 * Answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS` for one module of an instance, as NATS's own
 * tools ask (ADR-32 of NATS): to all, to the module and to the instance. The `data` of STATS is
 * ours: the report that `cleave status` shows. An answer that no message carries is given without
 * the circuits that are closed, and with the busiest procedures alone.
 *
 * Only the console is answered. A broker looks at nobody's reply subjects, so whoever could ask
 * with another's would have this module publish there.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #subscriptions: Listening[];

  constructor(options: ResponderOptions) {
    this.#options = options;
    const { name, instance } = options.report();
    this.#subscriptions = SERVICE_VERBS.flatMap((verb) =>
      serviceSubjects(verb, name, instance).map((subject) =>
        // A server that has an older list of users refuses this; that is no reason to fail.
        options.connection.listen(subject, (message) => this.#take(message, verb, subject)),
      ),
    );
  }

  /** Answers no more. */
  stop(): void {
    for (const one of this.#subscriptions) if (!one.isClosed) void one.drain().catch(() => {});
  }

  #take({ subject, reply = "" }: Message, verb: ServiceVerb, asked: string): void {
    const { connection } = this.#options;
    // What comes under another subject was sent here by the broker, for somebody who had it so.
    if (subject !== asked || !reply.startsWith(`${inboxOf(CONSOLE)}.`)) return;
    if (!connection.isUp) return;
    const payload = this.#fitting(verb, connection.payloadBytesMax);
    if (payload !== undefined) connection.publish(reply, payload);
  }

  /** An answer of so many bytes at most, as whole as it can be; undefined when there is none. */
  #fitting(verb: ServiceVerb, bytesMax: number): Uint8Array | undefined {
    const report = this.#options.report();
    const endpoints = this.#options.endpoints();
    const whole = payloadOf(JSON.stringify(this.#answer(verb, report, endpoints)));
    if (whole.byteLength <= bytesMax) return whole;
    const open = report.circuits.filter(({ state }) => state !== "closed");
    const busiest = endpoints.toSorted((one, other) => other.requests - one.requests);
    for (let share = 1; ; share *= 2) {
      const circuits = open.slice(0, Math.ceil(open.length / share));
      const some = busiest.slice(0, Math.floor(busiest.length / share));
      const answer = this.#answer(verb, { ...report, circuits }, some);
      const payload = payloadOf(JSON.stringify(answer));
      if (payload.byteLength <= bytesMax) return payload;
      if (circuits.length <= 1 && some.length === 0) return undefined;
    }
  }

  #answer(verb: ServiceVerb, report: Report, endpoints: readonly Endpoint[]) {
    const { name, instance, version } = report;
    const about = { name, id: instance, version, metadata: metadataOf(report) };
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    if (verb === "PING") return { type, ...about };
    if (verb === "INFO") {
      const description = `${name}, which Cleave runs`;
      return { type, ...about, description, endpoints: endpoints.map((one) => info(name, one)) };
    }
    return {
      type,
      ...about,
      started: new Date(report.startedAtMs).toISOString(),
      endpoints: endpoints.map((one) => ({ ...identity(name, one), ...statistics(one) })),
      data: report,
    };
  }
}

/** Texts only, as the tools expect. */
function metadataOf({ instance, role, placement, topology }: Report): Record<string, string> {
  return {
    instance,
    role,
    placement: placement.join(" "),
    ...(topology !== null && { topology: topology.name, instances: topology.instances.join(" ") }),
  };
}

function identity(module: string, { procedure }: Endpoint) {
  const subject = callSubject(module, procedure.name, "*");
  return { name: procedure.name, subject, queue_group: queueOf(module) };
}

function info(module: string, endpoint: Endpoint) {
  return { ...identity(module, endpoint), metadata: { kind: endpoint.procedure.kind } };
}

function statistics({ requests, errors, lastError, processingMs }: Endpoint) {
  return {
    num_requests: requests,
    num_errors: errors,
    last_error: lastError.slice(0, LAST_ERROR_LENGTH_MAX),
    processing_time: Math.round(processingMs * NANOSECONDS),
    average_processing_time: Math.round((processingMs / Math.max(1, requests)) * NANOSECONDS),
  };
}
