import type { Environment } from "../contract/environment.ts";
import type { Module } from "../module/define-module.ts";
import type { Log } from "../telemetry/log.ts";
import type { Transport } from "../transport/transport.ts";
import type { TransportNeeds } from "./start.ts";
import { StartError } from "./start-error.ts";
import type { Broker } from "./supervisor.ts";
import type { Placement } from "./topology.ts";

/** What a broker may need to know of the topology that it is to carry. */
export interface BrokerNeeds {
  readonly placements: readonly Placement[];
  /** All modules: what they declare decides who may say what. */
  readonly modules: readonly Module[];
  /** The path of the data folder, which is there. */
  readonly folder: string;
  readonly environment: Environment;
  readonly log: Log;
  /** Takes what the broker's process writes, as whole lines of a JSON log. */
  readonly sink: (lines: string) => Promise<void>;
}

const absent =
  "A topology of several processes needs NATS, which this version does not speak yet. " +
  "Leave out --topology to run everything in one process.";

/** Makes keys, configuration and ports for a nats-server of this machine, and doesn't start it. */
export async function openBroker(_needs: BrokerNeeds): Promise<Broker> {
  throw new StartError(absent);
}

/** Connects the modules placed here with those elsewhere. */
export async function natsTransport(_url: string, _needs: TransportNeeds): Promise<Transport> {
  throw new StartError(absent);
}
