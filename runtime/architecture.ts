// Who may import whom, as functions. Each violation names both sides and the remedy.

import {
  type Modules,
  moduleOf,
  modulesAmong,
  partOf,
  unusedProcedures,
} from "./architecture-facts.ts";
import { computed, isTestFile, type Source } from "./sources.ts";

/** One import, seen as an arrow between two files, or from a file to a package. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly spelled: string;
  readonly names: readonly string[];
}

type Rule = (arrow: Arrow, modules: Modules) => string | undefined;

/** The layers of the kernel, left to right; those of one line are not for one another. */
const layers: readonly (readonly string[])[] = [
  ["contract"],
  ["telemetry", "resilience", "store"],
  ["transport"],
  ["messaging"],
  ["saga"],
  ["module"],
  ["gateway"],
  ["console"],
  ["host"],
  ["cli"],
];

/** Where each package may be imported. One that is not listed may be imported by tests alone. */
const homes: readonly (readonly [name: RegExp, home: RegExp, words: string])[] = [
  [/^better-sqlite3$/, /^runtime\/store\//, "runtime/store"],
  [/^@nats-io\//, /^runtime\/transport\/nats/, "runtime/transport/nats*"],
  [/^cockatiel$/, /^runtime\/resilience\//, "runtime/resilience"],
  [
    /^(elysia|@elysiajs\/)/,
    /^(runtime\/(gateway\/|http\.ts)|modules\/[^/]+\.ts$|deploy\/)/,
    "runtime/gateway and runtime/http.ts",
  ],
  [
    /^drizzle-orm$/,
    /^(runtime\/store\/|modules\/[^/]+\/(schema|store)(\.ts|\/))/,
    "runtime/store and a module's schema.ts and store.ts",
  ],
  [/^@sinclair\/typebox$/, /^runtime\//, "runtime"],
  [/^nodemailer$/, /^modules\/notifications\//, "modules/notifications"],
  [/^jose$/, /^modules\/users\//, "modules/users"],
];

/** What a module's pure rules may have from the kernel. */
const pureNames = new Set(
  (
    "t Static Money moneySchema money add subtract times spread ratio " +
    "InputOf OutputOf PayloadOf"
  ).split(" "),
);

/** The first rule that an import breaks, as a sentence. */
export const violation: Rule = (arrow, modules) => {
  for (const rule of rules) {
    const sentence = rule(arrow, modules);
    if (sentence !== undefined) return `${arrow.from} imports ${arrow.spelled}: ${sentence}`;
  }
  return undefined;
};

const rules: readonly Rule[] = [
  computedSpecifier,
  testsOnly,
  vendorHome,
  contractsOnly,
  declaredUse,
  kernelByItsDoor,
  parts,
  pureDomain,
  kernelKnowsNoModule,
  layerOrder,
  composition,
];

/**
 * Every violation of the tree: single imports, then procedures that are declared and never called,
 * then cycles of files, then cycles of calls.
 */
export function violations(sources: readonly Source[]): string[] {
  const modules = modulesAmong(sources);
  const arrows = sources.flatMap(arrowsOf);
  return [
    ...arrows.flatMap((arrow) => violation(arrow, modules) ?? []),
    ...unusedProcedures(sources),
    ...fileCycles(arrows),
    ...callCycles(modules),
  ];
}

/** The arrows that leave a file. */
function arrowsOf(source: Source): Arrow[] {
  return source.imports.map((one) => ({ from: source.path, ...one }));
}

function computedSpecifier({ from, spelled }: Arrow) {
  if (spelled !== computed || isTestFile(from)) return undefined;
  return "a computed path hides who depends on whom. Write the path as a string.";
}

function testsOnly({ from, to }: Arrow) {
  if (isTestFile(from)) return undefined;
  if (to !== "bun:test" && !isTestFile(to)) return undefined;
  // The command line has one door to the simulation, and opens it when it is asked to.
  if (from === "deploy/main.ts" && to === "deploy/simulation/command.ts") return undefined;
  return "only tests import what is made for tests. Move what the product needs out of it.";
}

function vendorHome({ from, to }: Arrow) {
  if (isInTree(to) || isPlatform(to) || isTestFile(from) || to === computed) return undefined;
  const name = to.match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? to;
  const known = homes.find(([pattern]) => pattern.test(name));
  if (known === undefined) {
    return `${name} has no home. Name its one home in runtime/architecture.ts, or do without it.`;
  }
  const [, home, words] = known;
  if (home.test(from)) return undefined;
  return `${name} is at home in ${words} only. Use what is exported there.`;
}

/** Another module's inside; tests may boot a neighbour by its module.ts and fake its ports. */
function contractsOnly({ from, to, spelled }: Arrow) {
  const mine = moduleOf(from);
  const other = moduleOf(to);
  if (mine === undefined || other === undefined || mine === other) return undefined;
  const part = partOf(to);
  if (part === "contract.ts" && spelled.startsWith("#")) return undefined;
  if (isTestFile(from) && !/^(contract\.ts|store|schema)/.test(part)) return undefined;
  return (
    `modules meet only at their contracts. Import "#modules/${other}", and if that lacks ` +
    `something, add it to modules/${other}/contract.ts.`
  );
}

function declaredUse({ from, to }: Arrow, modules: Modules) {
  const mine = moduleOf(from);
  const other = moduleOf(to);
  if (mine === undefined || other === undefined || mine === other) return undefined;
  if (isTestFile(from) || partOf(from) === "contract.ts") return undefined;
  const facts = modules.get(mine);
  if (facts?.uses.includes(other) || facts?.reactsTo.includes(other)) return undefined;
  return (
    `${mine} declares no use of ${other}, and reacts to none of its events. Add the procedures ` +
    `that it calls to modules/${mine}/uses.ts, or react to an event of ${other}.`
  );
}

function kernelByItsDoor({ from, to, spelled }: Arrow) {
  if (moduleOf(from) === undefined || !to.startsWith("runtime/")) return undefined;
  if (isTestFile(from)) return undefined;
  if (!spelled.startsWith("#")) {
    return (
      'a module knows of the kernel only "#runtime". Import that; runtime/index.ts lists what ' +
      "it has."
    );
  }
  if (to !== "runtime/http.ts" || /^http(\.ts|\/)/.test(partOf(from))) return undefined;
  return (
    "only http.ts speaks HTTP, so that an instance without a gateway never loads it. Move this " +
    "to http.ts."
  );
}

/** Which parts of one module know of one another. */
function parts({ from, to }: Arrow) {
  const mine = moduleOf(from);
  if (mine === undefined || mine !== moduleOf(to) || isTestFile(from)) return undefined;
  const [part, other] = [partOf(from), partOf(to)];
  if (/^module\.ts$/.test(other))
    return "module.ts is the wiring; nothing of its module imports it.";
  if (part === "contract.ts") {
    return "a contract depends on nothing of its module. Move what it needs into contract.ts.";
  }
  if (part === "uses.ts") {
    return "uses.ts names procedures of other modules. Have handlers and sagas import it instead.";
  }
  if (/^http(\.ts|\/)/.test(part) && !/^(contract\.ts|http\/|domain)/.test(other)) {
    return "http.ts talks to its module by `call` only. Make it a procedure of contract.ts.";
  }
  if (!/^(handlers|reactions|sagas)\//.test(part)) return undefined;
  if (!/^(http|schema|migrations|handlers|reactions)(\.ts|\/)/.test(other)) return undefined;
  return (
    "handlers, reactions and sagas know domain, store, contract, sagas and ports. Move what is " +
    "shared to domain.ts or store.ts."
  );
}

function pureDomain({ from, to, names }: Arrow) {
  const mine = moduleOf(from);
  if (mine === undefined || !/^domain(\.ts|\/)/.test(partOf(from)) || isTestFile(from)) {
    return undefined;
  }
  if (to === "node:crypto" || moduleOf(to) !== undefined) {
    if (to === "node:crypto" || /^(domain|contract)(\.ts|\/)/.test(partOf(to))) return undefined;
    return "domain.ts decides and neither loads nor stores. Pass in what it needs to know.";
  }
  if (to !== "runtime/index.ts") return "domain.ts is pure: no input or output. Pass in values.";
  const impure = names.filter((name) => !pureNames.has(name));
  if (impure.length === 0) return undefined;
  return (
    `domain.ts has only values and types from the kernel, not ${impure.join(", ")}. Move that ` +
    "to a handler."
  );
}

function kernelKnowsNoModule({ from, to }: Arrow) {
  if (!from.startsWith("runtime/") || /^runtime\/(testing|bench|simulation)\//.test(from)) {
    return undefined;
  }
  if (!/^(modules|deploy)\//.test(to)) return undefined;
  return "the runtime knows no module and no deployment. Have deploy/main.ts pass in what it uses.";
}

function layerOrder({ from, to }: Arrow) {
  if (!from.startsWith("runtime/") || !to.startsWith("runtime/") || isTestFile(from)) {
    return undefined;
  }
  const [layer, other] = [layerOf(from), layerOf(to)];
  const isDoor = /^runtime\/(index|client|http)\.ts$/.test(from);
  if (layer === undefined && !isDoor) {
    return `${from} is in no layer. Move it into one of ${layers.flat().join(", ")}.`;
  }
  if (other === undefined) return "the kernel imports the file that defines the thing, not a door.";
  const limit = isDoor ? rankOf("console") : rankOf(layer ?? "");
  if (layer === other || rankOf(other) < limit) return undefined;
  const mine = isDoor ? "a door of the kernel" : `the layer ${layer}`;
  return (
    `${mine} is left of ${other}, or beside it, and imports only what is to its left. Move the ` +
    "shared part left, or pass it in."
  );
}

/** The list of modules, and what composes them with the runtime. */
function composition({ from, to }: Arrow) {
  if (isTestFile(from)) return undefined;
  if (from.startsWith("deploy/") && moduleOf(to) !== undefined) {
    if (partOf(to) === "contract.ts") return undefined;
    return "deploy knows contracts, and the list in modules/index.ts. Import one of these.";
  }
  if (!/^modules\/[^/]+\.ts$/.test(from) || moduleOf(to) === undefined) return undefined;
  if (/^(contract|module|http|authenticate)\.ts$/.test(partOf(to))) return undefined;
  return "the list knows what each module shows: contract.ts, module.ts and http.ts.";
}

function fileCycles(arrows: readonly Arrow[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to]);
  return cyclesOf(next).map(
    (cycle) => `${cycle.join(" → ")}: these files import in a circle. Move the shared part out.`,
  );
}

function callCycles(modules: Modules): string[] {
  const next = new Map([...modules].map(([name, { uses }]) => [name, [...uses]]));
  return cyclesOf(next).map(
    (cycle) => `${cycle.join(" → ")}: these modules call in a circle. Have one react to an event.`,
  );
}

/** The circles met on a walk from each node, each reported once. */
function cyclesOf(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  function enter(node: string, path: readonly string[]) {
    const at = path.indexOf(node);
    if (at >= 0) cycles.push([...path.slice(at), node]);
    if (at >= 0 || done.has(node)) return;
    for (const one of next.get(node) ?? []) enter(one, [...path, node]);
    done.add(node);
  }
  for (const node of next.keys()) enter(node, []);
  return cycles;
}

function layerOf(path: string): string | undefined {
  return path.match(/^runtime\/([^/]+)\//)?.[1];
}

function rankOf(layer: string): number {
  return layers.findIndex((one) => one.includes(layer));
}

function isInTree(to: string): boolean {
  return /^(modules|runtime|deploy)\//.test(to) || /^[\w-]+\.(json|ts)$/.test(to);
}

function isPlatform(to: string): boolean {
  return /^(node:|bun:|bun$)/.test(to);
}
