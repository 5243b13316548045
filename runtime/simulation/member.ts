import { GATEWAY } from "../contract/broker-users.ts";
import type { Contract, Procedure } from "../contract/contract.ts";
import { moduleName } from "../contract/contract.ts";
import { TransportError } from "../contract/errors.ts";
import { system as systemIdentity } from "../contract/identity.ts";
import { type Instance, type PortOverride, startInstance } from "../host/instance.ts";
import { startMember } from "../host/member.ts";
import type { Placement } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { calleesOf } from "../module/manifest.ts";
import { HANDLER_GIVEN_UP, HANDLER_SETTLED } from "../module/running-call.ts";
import type { Log } from "../telemetry/log.ts";
import { inProcess } from "../transport/in-process.ts";
import { joined } from "../transport/joined.ts";
import { openNats } from "../transport/nats/nats.ts";
import type { Transport } from "../transport/transport.ts";
import type { SimulatedBroker } from "./broker/broker.ts";
import type { SimulatedDisk } from "./disk.ts";
import { withPlace } from "./places.ts";
import type { Process } from "./process.ts";
import { traced } from "./traced.ts";
import type { World } from "./world.ts";

/** When a process that was told to stop is killed: before all budgets are spent, as docker does. */
const KILLED_AFTER_MS = 10_000;

/** What all processes of a simulated system stand on. */
export interface Ground {
  readonly world: World;
  readonly disk: SimulatedDisk;
  readonly broker: SimulatedBroker;
  /** All modules of the system, in each of their versions; the first is what it begins with. */
  readonly versions: readonly (readonly Module[])[];
  /** What stands behind ports, for a process. */
  readonly ports: (process: Process) => readonly PortOverride[];
  /** A folder of this machine for what ports keep in files. */
  readonly folder: string;
}

/** What a process is to be. */
interface Part {
  readonly placement: Placement;
  /** True when it is the only one. */
  readonly isAlone: boolean;
  /** All modules of the system, in the version that it runs. */
  readonly modules: readonly Module[];
}

/** One call as somebody outside makes it. */
export interface Asked {
  readonly procedure: Procedure;
  readonly input: unknown;
  readonly key: string;
  readonly traceId: string;
  readonly deadlineMs: number;
}

/** A process of a simulated system, which hosts what its placement says. */
export class Member {
  readonly placement: Placement;
  readonly process: Process;
  readonly #ground: Ground;
  readonly #isAlone: boolean;
  readonly #modules: readonly Module[];
  #instance: Instance | undefined;
  /** How many handlers of each procedure were given up and have not settled. */
  readonly #hanging = new Map<string, number>();

  constructor(ground: Ground, { placement, isAlone, modules }: Part, process: Process) {
    this.placement = placement;
    this.process = process;
    this.#ground = ground;
    this.#isAlone = isAlone;
    this.#modules = modules;
    process.onGone(() => this.#instance?.abandon());
    ground.world.after(0, () => void this.#start(), { what: "start", process });
  }

  /** True while it takes calls. */
  get isReady(): boolean {
    return this.#instance !== undefined && !this.process.isGone;
  }

  /** True while anything is under way in its modules. */
  get isBusy(): boolean {
    return this.#instance?.modules.some((one) => one.busy) ?? true;
  }

  /** The procedures of which handlers were given up and have not settled, such as `clock.look`. */
  get hanging(): readonly string[] {
    if (this.process.isGone) return [];
    return [...this.#hanging].filter(([, count]) => count > 0).map(([procedure]) => procedure);
  }

  /** Calls a procedure in the name of the gateway. */
  call({ procedure, input, key, traceId, deadlineMs }: Asked): Promise<unknown> {
    const instance = this.#instance;
    if (instance === undefined) {
      const message = "It is being started.";
      return Promise.reject(new TransportError("UNREACHABLE", "no", message, { fault: "callee" }));
    }
    const deadlineAtMs = this.process.environment.monotonic() + deadlineMs;
    const origin = { identity: systemIdentity, traceId, deadlineAtMs };
    const options = procedure.kind === "command" ? { key } : {};
    return instance.gateway.call(procedure, input, { origin, options });
  }

  /** Has it finish what it does and end, as SIGTERM does. */
  stop(): void {
    const { world } = this.#ground;
    const { process } = this;
    world.note(process.name, "told to stop");
    const end = () => process.kill("stopped");
    world.after(KILLED_AFTER_MS, end, { what: "patience" });
    const stop = () => void (this.#instance?.stop() ?? Promise.resolve()).then(end, end);
    world.after(0, stop, { what: "stop", process });
  }

  async #start(): Promise<void> {
    const { process, placement } = this;
    const { disk, folder, ports } = this.#ground;
    const modules = this.#modules;
    const here = modules
      .filter((one) => placement.modules.includes(one.contract[moduleName]))
      .map((one) => failing(one, () => this.#ground.world.nowMs < process.reactionsFailUntilMs));
    try {
      const options = {
        modules: here,
        contracts: modules.map(({ contract }): Contract => contract),
        transport: await this.#transport(here),
        environment: process.environment,
        log: this.#log(),
        folder,
        publicUrl: "http://shop.test",
        development: true,
        settings: new Map(),
        overrides: ports(process),
        disk: disk.of(process),
        onLost: (conflict: Error) => process.kill(conflict.message),
      };
      const instance = await (placement.isMember ? startMember : startInstance)(options);
      if (process.isGone) return instance.abandon();
      this.#instance = instance;
      this.#ground.world.note(process.name, "ready");
    } catch (error) {
      process.kill(`could not start: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #transport(here: readonly Module[]): Promise<Transport> {
    const { world } = this.#ground;
    const transport = await this.#connect(here);
    return world.trace.keeps ? traced(transport, world, this.process.name) : transport;
  }

  async #connect(here: readonly Module[]): Promise<Transport> {
    const { environment } = this.process;
    const local = inProcess(environment);
    if (this.#isAlone) return local;
    const names = here.map((one) => one.contract[moduleName]);
    const remote = await openNats({
      connect: (user) => this.#ground.broker.connect(this.process, user, this.#log()),
      instance: this.placement.name,
      manifest: this.#ground.broker.manifest,
      here: new Set(names),
      users: this.placement.role === "edge" ? [...names, GATEWAY] : names,
      balance: { callees: (user) => calleesOf(user, here), version: "1.0.0" },
      place: this.process.name,
      environment,
      reminder: environment,
      log: this.#log(),
    });
    return joined(new Set(names), { local, remote });
  }

  /** The limits of a module give such a handler up; in the simulation it is still looked for. */
  #countHanging(message: string, fields: object | undefined): void {
    const change = message === HANDLER_GIVEN_UP ? 1 : message === HANDLER_SETTLED ? -1 : 0;
    if (change === 0 || fields === undefined || !("procedure" in fields)) return;
    const procedure = String(fields.procedure);
    this.#hanging.set(procedure, (this.#hanging.get(procedure) ?? 0) + change);
  }

  /** What a process says of its troubles is part of the story. */
  #log(): Log {
    const { world } = this.#ground;
    const { name } = this.process;
    const say = (level: string) => (message: string, fields?: object) => {
      this.#countHanging(message, fields);
      const detail = `${message} ${detailOf(fields)}`;
      // A place moves with each line before it, and the digest is to stay.
      world.mark(name, level, detail);
      world.tell(name, level, withPlace(detail, world.defects.take(fields)));
    };
    const log: Log = {
      debug() {},
      info: (message, fields) => this.#countHanging(message, fields),
      warn: say("warning"),
      error: say("error"),
      with: () => log,
    };
    return log;
  }
}

/** A module whose reactions fail while they are to. */
function failing(module: Module, fails: () => boolean): Module {
  const reactions = module.reactions.map(({ event, work }) => ({
    event,
    work(...given: Parameters<typeof work>) {
      if (fails()) throw new Error("Reactions fail here for a while.");
      work(...given);
    },
  }));
  return { ...module, reactions };
}

function detailOf(fields: object | undefined): string {
  if (fields === undefined) return "";
  return JSON.stringify(fields, (_, value) => (value instanceof Error ? value.message : value));
}
