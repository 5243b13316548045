import type { Environment } from "../contract/environment.ts";
import { addressOf } from "../gateway/address.ts";
import type { Module } from "../module/define-module.ts";
import { graphMistakes } from "../module/registry.ts";
import type { Log } from "../telemetry/log.ts";
import { startChild } from "./child.ts";
import { assertNothingRuns } from "./control.ts";
import { dataFolder } from "./data-folder.ts";
import { hasRoom } from "./disk-room.ts";
import { type BrokerNeeds, openBroker } from "./nats.ts";
import { cannotListen, StartError } from "./start-error.ts";
import { type Broker, Supervisor } from "./supervisor.ts";
import type { Placement } from "./topology.ts";

const PORT_MAX = 65_535;

export interface TopologyRun {
  /** The topology as it was given. */
  readonly topology: string;
  readonly placements: readonly Placement[];
  /** All modules of the system. */
  readonly modules: readonly Module[];
  readonly host: string;
  /** Where the first gateway listens; further ones take the ports after it. 0 takes free ones. */
  readonly port: number;
  readonly folder: string;
  /** How long each gateway goes on when it is told to stop, in milliseconds. */
  readonly drainMs: number;
  readonly publicUrl: string | undefined;
  /** The environment of every process, with what was given as flags here. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * Bun's allocator gives free parts of memory that is still in use back to the system each time that
 * a process has nothing to do. In a split system that is after every message, and took a quarter of
 * all processor time; what is free as a whole is given back all the same. What was set from outside
 * stands.
 */
const allocation = { MIMALLOC_PURGE_HOLES: "0" };

/** What runs a topology, not started yet, and the address of its first gateway. */
export interface RunnableTopology {
  readonly supervisor: Supervisor;
  readonly url: string;
}

/**
 * Makes ready to run each process of a topology as a child of this one.
 *
 * Throws a StartError, having changed nothing, when a port is taken, the modules do not fit, or the
 * data folder is in use.
 */
export async function runTopology(
  run: TopologyRun,
  tools: {
    readonly environment: Environment;
    readonly log: Log;
    readonly sink: (lines: string) => Promise<void>;
  },
): Promise<RunnableTopology> {
  const { placements, modules, host } = run;
  const contracts = modules.map((one) => one.contract);
  const mistakes = graphMistakes(modules, contracts);
  if (mistakes.length > 0) throw new StartError(mistakes.join("\n"));
  const ports = edgePorts(run);
  const url = addressOf(host, ports[0] ?? run.port);
  const place = dataFolder(run.folder);
  await assertNothingRuns(place.path);
  const executable = run.variables["NATS_SERVER"] || undefined;
  const undoFolder = place.create();
  const broker = brokerOr(undoFolder, { ...tools, modules, folder: place.path, executable });
  const variables = { ...allocation, ...run.variables, PUBLIC_URL: run.publicUrl ?? url };
  const begin = (placement: Placement) =>
    startChild({
      ...tools,
      instance: placement.name,
      command: commandOf(placement, { topology: run.topology, nats: broker.url, ports }),
      variables,
    });
  const supervisor = new Supervisor({
    ...tools,
    placements,
    broker,
    begin,
    drainMs: run.drainMs,
    hasRoom: () => hasRoom(place.path),
  });
  return { supervisor, url };
}

/** Prepares the broker; has what was made before undone when it is refused. */
function brokerOr(undo: () => void, needs: BrokerNeeds): Broker {
  try {
    return openBroker(needs);
  } catch (error) {
    undo();
    throw error;
  }
}

/** How the process of a placement is started; it shows in the list of processes. */
function commandOf(
  { name, role, index }: Placement,
  about: { readonly topology: string; readonly nats: string; readonly ports: readonly number[] },
): string[] {
  const { topology, nats, ports } = about;
  const words = ["start", "--topology", topology, "--instance", name, "--nats", nats];
  if (role === "edge") words.push("--port", String(ports[index]));
  return [process.execPath, Bun.main, ...words];
}

/** A port for each gateway, found free now: a gateway that dies comes back where it was. */
function edgePorts({ placements, host, port }: TopologyRun): number[] {
  const edges = placements.filter((one) => one.role === "edge");
  if (port !== 0 && port + edges.length - 1 > PORT_MAX) {
    throw new StartError(
      `The topology has ${edges.length} gateways, which listen from port ${port} on, and ` +
        `${PORT_MAX} is the last one. Choose a lower port with PORT or --port.`,
    );
  }
  const taken = edges.map((_, index) => listenOn(host, port === 0 ? 0 : port + index));
  for (const listener of taken) listener.stop(true);
  return taken.map((listener) => listener.port);
}

function listenOn(hostname: string, port: number) {
  try {
    return Bun.listen({ hostname, port, socket: { data() {} } });
  } catch (cause) {
    throw cannotListen(hostname, port, cause);
  }
}
