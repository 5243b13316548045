import { GATEWAY } from "../contract/broker-users.ts";

/** What one instance of a topology hosts, and how many processes share it. */
export interface InstancePlan {
  /**
   * When not given, the module of the instance's own name; the gateway then has none. `*` stands
   * for every module that no instance names.
   */
  readonly modules?: readonly string[];
  /** How many more processes open the same databases to answer queries; not for the gateway. */
  readonly readers?: number;
  /** How many equal processes serve HTTP, one when not given; for the gateway alone. */
  readonly instances?: number;
}

/**
 * Which modules live together: instances by name, each with its modules.
 *
 * The instance called `gateway` serves HTTP. A topology of one process needs none of that name: its
 * one process serves HTTP too.
 */
export type Topology = { readonly [instance: string]: readonly string[] | InstancePlan };

/** One process of a topology. */
export interface Placement {
  /** `products`, and `products-2`, `products-3` for further processes of the same instance. */
  readonly name: string;
  /** The modules that it hosts, by name. */
  readonly modules: readonly string[];
  /** `edge` serves HTTP. */
  readonly role: "edge" | "host";
  /** 0 for the first process of its instance. */
  readonly index: number;
  /** True when other processes stand over the same data: one owns it, the others read. */
  readonly isMember: boolean;
}

/** In a list of modules: every module that no instance names. No module can be called so. */
export const REST = "*";

/** A topology with the names of the modules that its `*` stands for. */
export function withRest(topology: Topology, modules: readonly string[]): Topology {
  const instances = Object.entries(topology).map(
    ([name, plan]) => [name, completed(name, plan)] as const,
  );
  const named = new Set(instances.flatMap(([, plan]) => plan.modules));
  if (!named.has(REST)) return topology;
  const rest = modules.filter((one) => !named.has(one));
  return Object.fromEntries(
    instances.map(([name, { modules, readers, instances }]) => {
      const hosted = modules.flatMap((one) => (one === REST ? rest : [one]));
      return [name, { modules: hosted, readers, instances }];
    }),
  );
}

/**
 * The processes of a topology that has no mistakes and no `*`.
 *
 * Those of one instance are equal: which of them owns the databases is decided by who takes the
 * lock, not here.
 */
export function placementsOf(topology: Topology): Placement[] {
  const planned = Object.entries(topology).map(([instance, plan]) => ({
    instance,
    ...completed(instance, plan),
  }));
  const [only] = planned;
  const isAlone = planned.length === 1 && only?.processes === 1;
  return planned.flatMap(({ instance, modules, processes }) =>
    Array.from({ length: processes }, (_, index) => ({
      name: index === 0 ? instance : `${instance}-${index + 1}`,
      modules,
      role: isAlone || instance === GATEWAY ? "edge" : "host",
      index,
      isMember: processes > 1 && modules.length > 0,
    })),
  );
}

/** What an instance hosts, with what was left out filled in. */
export function completed(instance: string, plan: readonly string[] | InstancePlan) {
  const own = instance === GATEWAY ? [] : [instance];
  const given: InstancePlan = "length" in plan ? { modules: plan } : plan;
  const { modules = own, readers = 0, instances = 1 } = given;
  return { modules, readers, instances, processes: readers + instances };
}
