import type { Environment } from "../contract/environment.ts";
import { answerHealthChecks, isSupervised, sayReady } from "../host/child-protocol.ts";
import { type Plan, planOf } from "../host/plan.ts";
import { realEnvironment } from "../host/real-environment.ts";
import {
  hostSettings,
  peekSettings,
  placementSettings,
  readSettings,
  type SettingSources,
  type SettingValues,
} from "../host/settings.ts";
import { start, type TransportNeeds } from "../host/start.ts";
import { processStopMs, systemStopMs } from "../host/stop-budgets.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import type { Module } from "../module/define-module.ts";
import { refusals } from "../module/port.ts";
import { graphMistakes } from "../module/registry.ts";
import { type JsonLog, jsonLog } from "../telemetry/json-log.ts";
import { inProcess } from "../transport/in-process.ts";
import { type Command, CommandError } from "./cli.ts";
import { stopAsked } from "./signals.ts";

/** `start`: runs a topology, or one process of it, until it is told to stop. */
export function startCommand(system: System): Command {
  return {
    name: "start",
    help:
      "start [--port 3000] [--host 127.0.0.1] [--data-dir ./data] [--no-demo] " +
      "[--topology split [--instance products --nats nats://…]]   run the shop",
    async run(args) {
      const begun = await readStart(system, { environment: process.env, arguments: args });
      return begun.plan.kind === "supervisor"
        ? await runAll(begun.plan, begun)
        : await runOne(system, begun.plan, begun);
    },
  };
}

/** What is known when all settings were found to be good. */
interface Begun {
  readonly plan: Plan;
  /** The modules that the plan speaks of. */
  readonly modules: readonly Module[];
  readonly host: SettingValues<{ readonly host: typeof hostSettings }>["host"];
  /** Settings of ports, by the port's name. */
  readonly ports: ReadonlyMap<string, unknown>;
  readonly development: boolean;
  readonly environment: Environment;
  readonly log: JsonLog;
}

/** Reads the settings that concern what runs here. Throws a CommandError with every mistake. */
async function readStart(system: System, sources: SettingSources): Promise<Begun> {
  const plan = planOf(system, peekSettings(placementSettings, sources));
  const isWhole = "mistakes" in plan || plan.kind === "supervisor";
  const placed = isWhole ? moduleNamesOf(system) : plan.placement.modules;
  const modules = await insidesOf(system, placed);
  const ports = modules.flatMap((one) => one.ports);
  const schemas = Object.fromEntries(ports.map((port) => [port.name, port.settings]));
  const read = readSettings({ ...schemas, host: hostSettings }, sources);
  const graph = graphMistakes(
    modules,
    system.modules.map((one) => one.contract),
  );
  const mistakes = [plan, read].flatMap((one) => ("mistakes" in one ? one.mistakes : []));
  mistakes.push(...graph);
  if (graph.length > 0 || "mistakes" in plan || "mistakes" in read)
    throw new CommandError(mistakes.join("\n"));
  const { host, ...values } = read.values;
  const development = host.NODE_ENV !== "production";
  const settings = new Map(Object.entries(values));
  const refused = [
    ...refusals(ports, settings, { development }),
    ...(development ? [] : productionMistakes(host)),
  ];
  if (refused.length > 0) throw new CommandError(refused.join("\n"));
  const environment = realEnvironment(development ? failpoints() : {});
  const log = jsonLog({
    level: host.LOG_LEVEL,
    sink: (lines) => void process.stderr.write(lines),
    now: environment.now,
    defer: environment.defer,
  });
  return { plan, modules, host, ports: settings, development, environment, log };
}

/** What development does without or fills in, and customers would meet. */
function productionMistakes({ PUBLIC_URL, DEMO }: Begun["host"]): string[] {
  const mistakes: string[] = [];
  if (PUBLIC_URL === undefined) {
    mistakes.push(
      "PUBLIC_URL is missing, which links in mails begin with. Set it to the address that " +
        "customers use, such as https://shop.example.com. Only development does without.",
    );
  }
  if (DEMO === true) {
    mistakes.push(
      "DEMO is on, which fills an empty shop with demo products and coupons for anybody. " +
        "Leave it out in production.",
    );
  }
  return mistakes;
}

/**
 * Runs one process of a topology. Told to stop before it is ready, it ends as a crash would end it,
 * which loses nothing: a start may wait for others for as long as it takes.
 */
async function runOne(
  system: System,
  plan: Exclude<Plan, { readonly kind: "supervisor" }>,
  { host, ports, development, environment, log }: Begun,
): Promise<number> {
  if (isSupervised()) answerHealthChecks();
  const { placement } = plan;
  const isAlone = plan.kind === "alone";
  const { DRAIN_MS: drainMs } = host;
  const stopMs = processStopMs({ role: placement.role, drainMs });
  const asked = stopAsked(environment, { again: () => process.exit(1), stopMs });
  const settings = {
    placement,
    host: host.HOST,
    port: host.PORT,
    folder: host.DATA_DIR,
    natsUrl: isAlone ? undefined : plan.natsUrl,
    drainMs,
    publicUrl: host.PUBLIC_URL,
    development,
    demo: host.DEMO ?? development,
    ports,
  };
  const tools = {
    environment,
    // A supervisor says which instance a line is of.
    log: isAlone || isSupervised() ? log : log.with({ instance: placement.name }),
    openTransport: async (needs: TransportNeeds) => {
      if (isAlone) return inProcess(environment);
      // NATS is loaded where it is spoken: a shop in one process starts sooner and is smaller.
      const { natsTransport } = await import("../host/nats-transport.ts");
      const { natsUrl: url, topology } = plan;
      return await natsTransport({ url, topology }, needs);
    },
  };
  const running = await Promise.race([start(system, settings, tools), asked]);
  let conflict: Error | undefined;
  if (running !== undefined) {
    sayReady(running.url === undefined ? { name: placement.name } : { url: running.url });
    conflict = await Promise.race([asked.then(() => undefined), running.lost]);
    await running.stop();
  }
  log.flush();
  if (conflict !== undefined) throw new CommandError(conflict.message, { cause: conflict });
  return 0;
}

/** Runs all processes of a topology as children of this one. */
async function runAll(
  { topology, placements }: Extract<Plan, { readonly kind: "supervisor" }>,
  { modules, host, ports, environment, log }: Begun,
): Promise<number> {
  const run = {
    topology,
    placements,
    modules,
    host: host.HOST,
    port: host.PORT,
    folder: host.DATA_DIR,
    drainMs: host.DRAIN_MS,
    publicUrl: host.PUBLIC_URL,
    variables: { ...process.env, ...variablesOf([host, ...ports.values()]) },
  };
  const sink = (lines: string) =>
    new Promise<void>((resolve) => void process.stderr.write(lines, () => resolve()));
  const { runTopology } = await import("../host/run-topology.ts");
  const { supervisor, url } = await runTopology(run, { environment, log, sink });
  const again = () => {
    supervisor.kill();
    process.exit(1);
  };
  const stopMs = systemStopMs({ drainMs: host.DRAIN_MS });
  const asked = stopAsked(environment, { again, stopMs });
  const over = Promise.race([supervisor.failed, asked]);
  const isReady = await Promise.race([supervisor.start().then(() => true), over]);
  if (isReady === true) sayReady({ url });
  const failure = await over;
  await supervisor.stop();
  log.flush();
  if (failure === undefined) return 0;
  throw new CommandError(failure);
}

/** Settings as variables of an environment: what was a flag here is none there. */
function variablesOf(values: readonly unknown[]): Record<string, string> {
  const settings = values.flatMap((one) => Object.entries(one ?? {}));
  return Object.fromEntries(
    settings
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

/** Where a test wants the process to crash; not read in production. */
function failpoints() {
  const { CLEAVE_FAILPOINT: crashAt, CLEAVE_FAILPOINT_TRACE: traceTo } = process.env;
  return { crashAt, traceTo };
}
