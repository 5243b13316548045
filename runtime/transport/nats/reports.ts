import type { Environment } from "../../contract/environment.ts";
import type { Balancer } from "../balance/balancer.ts";
import type { Directory } from "../balance/directory.ts";
import type { Report, TopologyFacts } from "../report.ts";

/** What all reports of an instance have in common, and where they look. */
export interface ReportsOptions {
  readonly instance: string;
  /** All that is placed in the instance. */
  readonly placement: readonly string[];
  readonly version: string;
  readonly topology: TopologyFacts | undefined;
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly environment: Environment;
}

/** Tells how an instance is, for whoever asks. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #startedAtMs: number;
  readonly #startMs: number;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#startedAtMs = options.environment.now();
    this.#startMs = options.environment.monotonic();
  }

  /** The report of one module of the instance, or of its gateway, at this moment. */
  of(
    about: Pick<
      Report,
      | "name"
      | "role"
      | "state"
      | "traffic"
      | "readers"
      | "circuits"
      | "events"
      | "blocking"
      | "refusedOwner"
    >,
  ): Report {
    const { instance, placement, version, topology, environment } = this.#options;
    return {
      ...about,
      instance,
      version,
      startedAtMs: this.#startedAtMs,
      upMs: environment.monotonic() - this.#startMs,
      placement: [...placement],
      topology:
        topology === undefined ? null : { name: topology.name, instances: [...topology.instances] },
      circuits: [...this.#options.balancer.circuits(), ...about.circuits],
      neighbours: this.#options.directory.neighbours(),
    };
  }
}
