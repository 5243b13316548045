import type { Call } from "../contract/call.ts";
import type { Contract } from "../contract/contract.ts";
import { moduleName } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { TransportError } from "../contract/errors.ts";
import { type Identity, system as systemIdentity } from "../contract/identity.ts";
import { type Gateway, gateway } from "../gateway/gateway.ts";
import { operationRoutes } from "../gateway/operations.ts";
import type { Module } from "../module/define-module.ts";
import type { Log } from "../telemetry/log.ts";
import { inProcess } from "../transport/in-process.ts";
import { type Control, openControl } from "./control.ts";
import { dataFolder } from "./data-folder.ts";
import { type Instance, startInstance } from "./instance.ts";
import { StartError } from "./start-error.ts";
import type { System } from "./system.ts";

/** Milliseconds that requests in flight may take to finish when the process is told to stop. */
const STOP_MS = 10_000;
/** Milliseconds that one call of the demo's filling may take. */
const FILL_CALL_MS = 60_000;

/** Where and how a system is started. */
export interface StartSettings {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly publicUrl: string | undefined;
  readonly development: boolean;
  readonly demo: boolean;
  /** Settings of ports, by the port's name. */
  readonly ports: ReadonlyMap<string, unknown>;
}

/** A system at work in this process. */
export interface Running {
  /** Its address, as in `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Finishes what is in flight and closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts all modules and the gateway in this process.
 *
 * The port is taken first and the databases are claimed before any is opened, so a start that is
 * refused has changed nothing on disk. Until the modules are up, requests are answered 503.
 */
export async function start(
  system: System,
  settings: StartSettings,
  tools: { readonly environment: Environment; readonly log: Log },
): Promise<Running> {
  const { environment, log } = tools;
  const modules = await Promise.all(
    system.modules.map(async (one) => (await one.module()).default),
  );
  const shop = new Shop(environment);
  const edge = await openGateway(system, settings, { ...tools, shop });
  let control: Control | undefined;
  const stop = async () => {
    shop.ready = false;
    await edge.stop(STOP_MS);
    await control?.close();
    await shop.instance?.stop();
  };
  try {
    const folder = dataFolder(settings.folder);
    folder.create();
    shop.instance = await openInstance(modules, settings, { ...tools, folder: folder.path, edge });
    const call = shop.callAs(systemIdentity);
    await folder.fillOnce(() => (settings.demo ? system.demo(call) : Promise.resolve()));
    control = openControl(folder.path, modules, call);
    shop.ready = true;
    log.info("ready", { url: edge.url, modules: modules.map(nameOf) });
    return { url: edge.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The instance behind the gateway, which may not be there yet. */
class Shop {
  readonly #environment: Environment;
  instance: Instance | undefined;
  ready = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  invoke: Parameters<typeof gateway>[0]["invoke"] = (procedure, input, request) => {
    if (this.instance === undefined) {
      const message = "The modules are being started. Try again in a moment.";
      return Promise.reject(new TransportError("UNREACHABLE", "no", message));
    }
    const { identity, traceId, deadlineMs, key, asText } = request;
    const deadlineAtMs = this.#environment.monotonic() + deadlineMs;
    const origin = { identity, traceId, deadlineAtMs };
    const options = key === undefined ? undefined : { key };
    return this.instance.gateway.call(procedure, input, { origin, options, asText });
  };

  callAs(identity: Identity): Call<Contract> {
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

async function openGateway(
  system: System,
  settings: StartSettings,
  { environment, log, shop }: { environment: Environment; log: Log; shop: Shop },
): Promise<Gateway> {
  const { host, port, development } = settings;
  const routes = await Promise.all(system.modules.map(async (one) => (await one.http()).http));
  const now = () => environment.now();
  const authenticate = await system.authenticator(shop.callAs(systemIdentity), now);
  try {
    return gateway({
      routes: [...routes, operationRoutes(system.modules.map((one) => one.contract))],
      authenticate,
      host,
      port,
      development,
      log: log.with({ module: "gateway" }),
      environment,
      invoke: shop.invoke,
      ready: () => shop.ready,
    });
  } catch (cause) {
    throw new StartError(
      `The port ${port} of ${host} cannot be taken; another program may have it. ` +
        `Stop that program, or choose another port with PORT or --port.`,
      { cause },
    );
  }
}

function openInstance(
  modules: readonly Module[],
  settings: StartSettings,
  about: { environment: Environment; log: Log; folder: string; edge: Gateway },
): Promise<Instance> {
  const { environment, log, folder, edge } = about;
  return startInstance({
    modules,
    placed: modules.map(nameOf),
    transport: inProcess(environment),
    environment,
    log,
    folder,
    publicUrl: settings.publicUrl ?? edge.url,
    development: settings.development,
    settings: settings.ports,
  });
}

function nameOf(module: Module): string {
  return module.contract[moduleName];
}
