import type { Call } from "../contract/call.ts";
import type { Contract } from "../contract/contract.ts";
import { moduleName } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { TransportError } from "../contract/errors.ts";
import { type Identity, system as systemIdentity } from "../contract/identity.ts";
import { addressOf } from "../gateway/address.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Invoke } from "../gateway/invoke.ts";
import { isLocalAddress } from "../gateway/local-request.ts";
import type { Module } from "../module/define-module.ts";
import type { Log } from "../telemetry/log.ts";
import { LoopWatch } from "../telemetry/loop-watch.ts";
import type { Transport } from "../transport/transport.ts";
import { untilAllAnswer } from "./all-answer.ts";
import { type Control, type ControlStatus, openControl } from "./control.ts";
import { dataFolder } from "./data-folder.ts";
import { type Instance, startInstance } from "./instance.ts";
import { startMember } from "./member.ts";
import { reportsAlone } from "./report-alone.ts";
import { cannotListen, StartError } from "./start-error.ts";
import { REQUESTS_STOP_MS } from "./stop-budgets.ts";
import { insidesOf, loadRoutes, moduleNamesOf, type System } from "./system.ts";
import type { Placement } from "./topology.ts";

/** Milliseconds that one call of the demo's filling may take. */
const FILL_CALL_MS = 60_000;

/** What of a system is started, where and how. */
export interface StartSettings {
  readonly placement: Placement;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** Where it meets the others; undefined where there are none. */
  readonly natsUrl: string | undefined;
  /** How long the gateway goes on when it is told to stop, in milliseconds. */
  readonly drainMs: number;
  readonly publicUrl: string | undefined;
  readonly development: boolean;
  readonly demo: boolean;
  /** Settings of ports, by the port's name. */
  readonly ports: ReadonlyMap<string, unknown>;
}

/** What a transport may need to know of the process that it is opened for. */
export interface TransportNeeds {
  readonly placement: Placement;
  /** The modules placed here. */
  readonly modules: readonly Module[];
  /** The path of the data folder, which is there. */
  readonly folder: string;
  readonly environment: Environment;
  readonly log: Log;
}

export interface StartTools {
  readonly environment: Environment;
  readonly log: Log;
  /** Opens what carries calls and events between this process and the others. */
  readonly openTransport: (needs: TransportNeeds) => Promise<Transport>;
}

/** A process of a system, at work. */
export interface Running {
  /** Its address, as in `http://127.0.0.1:3000`; undefined where it serves no HTTP. */
  readonly url: string | undefined;
  /** Resolves, with the reason, when it is to stop because another process owns its modules. */
  readonly lost: Promise<Error>;
  /** Finishes what is in flight and closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts one process of a topology: the modules placed here and, where its role is `edge`, the
 * gateway. Nothing is loaded of what isn't placed here but contracts.
 *
 * The port is taken first and the databases are claimed before any is opened, so a start that is
 * refused has changed nothing on disk. The first process with the gateway also fills the demo shop,
 * once every module answers, and holds the door for the command line. It answers requests with 503
 * until the modules are up and the shop is filled; a further gateway only until it is up itself.
 */
export async function start(
  system: System,
  settings: StartSettings,
  tools: StartTools,
): Promise<Running> {
  const { log } = tools;
  const watch = new LoopWatch({ ...tools, processorMs });
  const environment = { ...tools.environment, monotonic: watch.monotonic };
  const { placement } = settings;
  const modules = await insidesOf(system, placement.modules);
  const contracts = system.modules.map((one) => one.contract);
  const shop = new Shop(environment);
  const isEdge = placement.role === "edge";
  const edge = isEdge ? await openGateway(system, settings, { environment, log, shop }) : undefined;
  let control: Control | undefined;
  const lost = Promise.withResolvers<Error>();
  let isLost = false;
  let undoFolder = () => {};
  const closeRest = async () => {
    await control?.close();
    await shop.instance?.stop();
    watch.stop();
  };
  const stop = async () => {
    shop.ready = false;
    log.info("stopping");
    // Another process owns the data by now: nothing more of it is written here.
    await (isLost ? edge?.close() : edge?.stop(REQUESTS_STOP_MS));
    await closeRest();
    log.info("stopped");
  };
  try {
    const folder = dataFolder(settings.folder);
    undoFolder = folder.create({ holdsDatabases: modules.length > 0 });
    const about = {
      ...{ ...tools, environment, watch, contracts, edge },
      folder: folder.path,
      onLost(conflict: Error) {
        isLost = true;
        lost.resolve(conflict);
      },
    };
    shop.instance = await openInstance(modules, settings, about);
    if (isEdge && placement.index === 0) {
      const call = shop.callAs(systemIdentity);
      await folder.fillOnce(async () => {
        if (!settings.demo) return;
        const remote = contracts.filter((one) => !placement.modules.includes(one[moduleName]));
        await untilAllAnswer(remote, call, environment);
        await system.demo(call);
      });
      const status = () => shop.status(settings);
      control = openControl(folder.path, { offered: contracts, call, status });
    }
    shop.open();
    watch.start();
    log.info("ready", { url: edge?.url, modules: modules.map(nameOf) });
    return { url: edge?.url, lost: lost.promise, stop };
  } catch (error) {
    // Nobody was let in, so there is nothing to wait for.
    await edge?.close();
    await closeRest();
    undoFolder();
    throw error;
  }
}

/** The instance behind the gateway, which may not be there yet. */
class Shop {
  readonly #environment: Environment;
  readonly #startedAtMs: number;
  readonly #startMs: number;
  instance: Instance | undefined;
  ready = false;
  #isOpen = false;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#startedAtMs = environment.now();
    this.#startMs = environment.monotonic();
  }

  /** What the control socket tells of the process; over NATS, the transport tells the rest. */
  status({ placement, natsUrl }: StartSettings): ControlStatus {
    if (natsUrl !== undefined) return { natsUrl, reports: [] };
    const upMs = this.#environment.monotonic() - this.#startMs;
    const state = this.ready ? "up" : "draining";
    const about = { placement, state, startedAtMs: this.#startedAtMs, upMs } as const;
    return { natsUrl: null, reports: reportsAlone(this.instance?.modules ?? [], about) };
  }

  /** Lets customers in. Those who are in when it is ready no longer are still served. */
  open(): void {
    this.#isOpen = true;
    this.ready = true;
  }

  /** What customers ask for. */
  serve: Invoke = (procedure, input, request) =>
    this.#isOpen ? this.invoke(procedure, input, request) : Promise.reject(notYet());

  invoke: Invoke = (procedure, input, request) => {
    if (this.instance === undefined) return Promise.reject(notYet());
    const { identity, traceId, deadlineMs, key, asText, signal } = request;
    const deadlineAtMs = this.#environment.monotonic() + deadlineMs;
    const origin = { identity, traceId, deadlineAtMs, signal };
    const options = key === undefined ? undefined : { key };
    return this.instance.gateway.call(procedure, input, { origin, options, asText });
  };

  callAs(identity: Identity): Call<Contract> {
    // Invoke promises an output that fits the contract.
    return (procedure, input, options = {}) =>
      this.invoke(procedure, input, {
        identity,
        key: options.key,
        deadlineMs: options.deadlineMs ?? FILL_CALL_MS,
        traceId: this.#environment.newTraceId(),
        caller: "gateway",
        asText: false,
      }) as never;
  }
}

function notYet(): TransportError {
  const message = "The modules are being started and filled. Try again in a moment.";
  return new TransportError("UNREACHABLE", "no", message, { fault: "callee" });
}

async function openGateway(
  system: System,
  settings: StartSettings,
  { environment, log, shop }: { environment: Environment; log: Log; shop: Shop },
): Promise<Gateway> {
  const { host, port } = settings;
  // HTTP is loaded where it is served: an instance without it starts sooner and is smaller.
  const { gateway, routesOf } = await import("../gateway/gateway.ts");
  const { RouteError } = await import("../gateway/assert-routes.ts");
  const { operationRoutes } = await import("../gateway/operations.ts");
  const names = moduleNamesOf(system);
  const loaded = await loadRoutes(system);
  const routes = loaded.map((one, index) => routesOf(names[index] ?? "", one));
  const now = () => environment.now();
  const authenticate = await system.authenticator(shop.callAs(systemIdentity), now);
  try {
    return gateway({
      routes: [...routes, operationRoutes(system.modules.map((one) => one.contract))],
      authenticate,
      host,
      port,
      development: showsAids(settings, log),
      log: log.with({ module: "gateway" }),
      environment,
      invoke: shop.serve,
      ready: () => shop.ready,
      drainMs: settings.drainMs,
    });
  } catch (cause) {
    if (cause instanceof RouteError) throw new StartError(cause.message);
    throw cannotListen(host, port, cause);
  }
}

/**
 * Reports whether the gateway may show what is below `/dev/`: not where others use the shop. A
 * proxy on this machine that adds no header makes their requests look like those of a program here.
 */
function showsAids({ development, publicUrl }: StartSettings, log: Log): boolean {
  if (!development || publicUrl === undefined || isLocalAddress(publicUrl)) return development;
  log.info("PUBLIC_URL is not of this machine, so others use the shop: /dev/ is hidden.", {
    publicUrl,
  });
  return false;
}

async function openInstance(
  modules: readonly Module[],
  settings: StartSettings,
  about: StartTools & {
    readonly watch: LoopWatch;
    readonly contracts: readonly Contract[];
    readonly folder: string;
    readonly edge: Gateway | undefined;
    readonly onLost: (conflict: Error) => void;
  },
): Promise<Instance> {
  const { environment, watch, log, folder, contracts, edge, onLost } = about;
  const { placement, host, port } = settings;
  const transport = await about.openTransport({ placement, modules, folder, environment, log });
  try {
    const startHere = placement.isMember ? startMember : startInstance;
    return await startHere({
      modules,
      contracts,
      transport,
      environment,
      watch,
      log,
      folder,
      publicUrl: settings.publicUrl ?? edge?.url ?? addressOf(host, port),
      development: settings.development,
      settings: settings.ports,
      onLost,
    });
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** The processor time that this process has used, in milliseconds. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function nameOf(module: Module): string {
  return module.contract[moduleName];
}
