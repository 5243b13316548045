import { brokerUsers, GATEWAY } from "../contract/broker-users.ts";
import { nearest } from "./nearest.ts";
import {
  completed,
  type InstancePlan,
  placementsOf,
  REST,
  type Topology,
  withRest,
} from "./topology.ts";

const NAME_LENGTH_MAX = 40;
/** The most processes that share one instance, the first included. */
const PROCESSES_MAX = 16;
/** The most instances of a topology. */
const INSTANCES_MAX = 64;
/** Names of users of the broker that are no instance. */
const reserved = brokerUsers.filter((user) => user !== GATEWAY);
const fields = ["modules", "readers", "instances"];

/**
 * What is wrong with a topology, a sentence each that names the topology, the place in it and the
 * remedy. When there is none, it is a `Topology` that hosts each of the modules once.
 *
 * `file` is where the topology is written, when its name does not say so.
 */
export function topologyMistakes(
  { name, file = "" }: { readonly name: string; readonly file?: string },
  topology: unknown,
  modules: readonly string[],
): string[] {
  if (!isRecord(topology)) {
    return [
      `The topology ${name} is no object of instances. ` +
        'Write it like { gateway: [], core: ["orders"] }.',
    ];
  }
  const instances = Object.entries(topology);
  if (instances.length > INSTANCES_MAX) {
    return [
      `The topology ${name} has ${instances.length} instances, at most ${INSTANCES_MAX}. ` +
        "Let some of them host several modules.",
    ];
  }
  const shapes = instances.flatMap(([instance, plan]) => shapeMistakes({ name, instance }, plan));
  if (shapes.length > 0) return shapes;
  // Every instance was found to have the shape of one.
  const written = topology as Topology;
  const rests = Object.entries(written).filter((one) => completed(...one).modules.includes(REST));
  if (rests.length > 1) {
    const places = rests.map(([instance]) => instance).join(" and ");
    return [`The topology ${name} has "${REST}" in ${places}. Leave it in one.`];
  }
  const planned = withRest(written, modules);
  return [
    ...Object.entries(planned).flatMap((one) => planMistakes(name, one)),
    ...moduleMistakes({ name, file }, planned, modules),
    ...wholeMistakes(name, planned),
  ];
}

type Place = { readonly name: string; readonly instance: string };

function shapeMistakes({ name, instance }: Place, plan: unknown): string[] {
  const where = `The instance ${instance} of the topology ${name}`;
  if (isNames(plan)) return [];
  if (!isRecord(plan)) {
    return [`${where} is no list of modules. Write it like ${instance}: ["orders"].`];
  }
  const mistakes = Object.keys(plan)
    .filter((field) => !fields.includes(field))
    .map((field) => {
      const known = `Known are ${fields.join(", ")}; the nearest is ${nearest(field, fields)}.`;
      return `${where} has the field "${field}". ${known}`;
    });
  const { modules, readers, instances } = plan;
  if (modules !== undefined && !isNames(modules)) {
    mistakes.push(`${where} has modules that are no list of names. Write ["orders"].`);
  }
  if (readers !== undefined && !isWhole(readers, 0, PROCESSES_MAX - 1)) {
    const expected = `a whole number from 0 to ${PROCESSES_MAX - 1}`;
    mistakes.push(`${where} has readers: ${shown(readers)}. Give it ${expected}.`);
  }
  if (instances !== undefined && !isWhole(instances, 1, PROCESSES_MAX)) {
    const expected = `a whole number from 1 to ${PROCESSES_MAX}`;
    mistakes.push(`${where} has instances: ${shown(instances)}. Give it ${expected}.`);
  }
  return mistakes;
}

function planMistakes(
  name: string,
  [instance, plan]: readonly [string, readonly string[] | InstancePlan],
): string[] {
  const where = `The instance ${instance} of the topology ${name}`;
  const { modules, readers, instances } = completed(instance, plan);
  const mistakes: string[] = [];
  if (!/^[a-z][a-z0-9-]*$/.test(instance) || instance.length > NAME_LENGTH_MAX) {
    mistakes.push(
      `The topology ${name} has an instance called "${instance}". Call it by a lower-case letter ` +
        `and then letters, digits and hyphens, at most ${NAME_LENGTH_MAX} in all.`,
    );
  }
  if (reserved.includes(instance)) {
    mistakes.push(`${where} has a name that Cleave uses itself. Call it something else.`);
  }
  if (instance === GATEWAY) {
    if (readers > 0) {
      mistakes.push(
        `${where} has readers, which is for modules' databases. For more gateways write ` +
          `{ instances: ${readers + 1} }, and give readers to an instance with modules.`,
      );
    }
    if (instances > 1 && modules.length > 0) {
      mistakes.push(
        `${where} runs ${instances} times and hosts ${modules.join(", ")}, which has one owner ` +
          "only. Move its modules to an instance of their own, or let it run once.",
      );
    }
    return mistakes;
  }
  if (instances > 1) {
    mistakes.push(
      `${where} has instances: ${instances}, which is for the gateway alone. ` +
        `Write { readers: ${instances - 1} } for more processes that answer queries.`,
    );
  }
  if (modules.length === 0) {
    mistakes.push(
      `${where} hosts no module. Give it some, or remove it; only the gateway may be empty.`,
    );
  }
  return mistakes;
}

/** Modules that are unknown, left out, or in more places than one. */
function moduleMistakes(
  { name, file }: { readonly name: string; readonly file: string },
  topology: Topology,
  known: readonly string[],
): string[] {
  const places = Object.entries(topology).flatMap(([instance, plan]) =>
    completed(instance, plan).modules.map((module) => ({ instance, module })),
  );
  const mistakes = places
    .filter(({ module }) => !known.includes(module))
    .map(
      ({ instance, module }) =>
        `The instance ${instance} of the topology ${name} hosts ${module}, which is no module ` +
        `here. The nearest is ${nearest(module, known) ?? "none, for there are no modules"}.`,
    );
  const absent = known.filter((module) => !places.some((one) => one.module === module));
  if (absent.length > 0) {
    const [what, them] =
      absent.length === 1
        ? [`the module ${absent[0]}`, "it"]
        : [`the modules ${absent.join(", ")}`, "each"];
    mistakes.push(
      `The topology ${name} leaves out ${what}. Add ${them} to one of its instances` +
        `${file === "" ? "" : ` in ${file}`}, or "${REST}" for every module that none names: ` +
        `${Object.keys(topology).join(", ") || "there are none yet"}.`,
    );
  }
  for (const module of known) {
    const hosts = places.filter((one) => one.module === module).map((one) => one.instance);
    if (hosts.length > 1) {
      mistakes.push(
        `The topology ${name} places the module ${module} ${hosts.length} times: in ` +
          `${hosts.join(" and ")}. Leave it in one; for more processes give that one readers.`,
      );
    }
  }
  return mistakes;
}

function wholeMistakes(name: string, topology: Topology): string[] {
  const mistakes: string[] = [];
  const names = placementsOf(topology).map((one) => one.name);
  if (names.length > 1 && !Object.hasOwn(topology, GATEWAY)) {
    mistakes.push(
      `The topology ${name} has ${names.length} processes and none that serves HTTP. ` +
        "Add the instance gateway: [], or call one of the others gateway.",
    );
  }
  for (const double of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    mistakes.push(
      `The topology ${name} has two processes called ${double}: an instance of that name, and a ` +
        "further process of another. Rename the instance.",
    );
  }
  return mistakes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
