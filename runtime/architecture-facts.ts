// What modules declare about one another, read from their sources.

import type { Node } from "oxc-parser";
import { isTestFile, type Source, walk } from "./sources.ts";

/** What a module says about its neighbours, read from its source. */
export interface ModuleFacts {
  /** The modules whose procedures are in its `uses`. */
  readonly uses: readonly string[];
  /** The modules whose events it reacts to. */
  readonly reactsTo: readonly string[];
}

export type Modules = ReadonlyMap<string, ModuleFacts>;

/** What each module declares: its `uses`, and the events of its `reaction(…)` calls. */
export function modulesAmong(sources: readonly Source[]): Modules {
  const found = new Map<string, { uses: string[]; reactsTo: string[] }>();
  for (const source of sources) {
    const name = moduleOf(source.path);
    if (name === undefined || isTestFile(source.path)) continue;
    const facts = found.get(name) ?? { uses: [], reactsTo: [] };
    found.set(name, facts);
    const used = usesOf(source).flatMap(({ object }) => ownerOf(source, object));
    facts.uses.push(...new Set(used));
    facts.reactsTo.push(...producersOf(source));
  }
  return found;
}

/** The procedures in the `uses` of a module, as its uses.ts or module.ts spells them. */
function usesOf(source: Source): { object: string; name: string }[] {
  if (!/^(uses|module)\.ts$/.test(partOf(source.path))) return [];
  const found: { object: string; name: string }[] = [];
  walk(source.program, (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (node.type !== "ArrayExpression" || parent === undefined) return;
    const isDeclaration = parent.type === "CallExpression" && isNamed(parent.callee, "declareUses");
    const isProperty =
      parent.type === "Property" &&
      isNamed(parent.key, "uses") &&
      ancestors.filter((one) => one.type === "CallExpression").length === 1;
    if (!isDeclaration && !isProperty) return;
    for (const element of node.elements) found.push(...memberIn(element));
  });
  return found;
}

function isNamed(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

/** `inventory.holdStock`, taken apart. */
function memberIn(node: Node | null): { object: string; name: string }[] {
  if (node?.type !== "MemberExpression" || node.object.type !== "Identifier") return [];
  if (node.property.type !== "Identifier") return [];
  return [{ object: node.object.name, name: node.property.name }];
}

/** Finds the procedures that a module declares in its `uses` and names nowhere else. */
export function unusedProcedures(sources: readonly Source[]): string[] {
  const own = sources.filter(({ path }) => moduleOf(path) !== undefined && !isTestFile(path));
  return own.flatMap((source) => {
    const declared = usesOf(source);
    if (declared.length === 0) return [];
    const module = moduleOf(source.path);
    const named = own.filter((one) => moduleOf(one.path) === module).flatMap(membersOf);
    return declared.flatMap(({ object, name }) => {
      const times = named.filter((one) => one === `${object}.${name}`).length;
      if (times > 1) return [];
      return `${source.path} declares ${object}.${name}, which ${module} never calls. Remove it.`;
    });
  });
}

function membersOf(source: Source): string[] {
  const found: string[] = [];
  walk(source.program, (node) => {
    found.push(...memberIn(node).map(({ object, name }) => `${object}.${name}`));
  });
  return found;
}

function producersOf(source: Source): string[] {
  const found: string[] = [];
  walk(source.program, (node) => {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return;
    const [event] = node.arguments;
    if (node.callee.name !== "reaction" || event?.type !== "MemberExpression") return;
    if (event.object.type === "Identifier") found.push(...ownerOf(source, event.object.name));
  });
  return found;
}

/** The module whose contract a file imports under this name. */
function ownerOf(source: Source, name: string): string[] {
  const owner = source.imports.find((one) => one.names.includes(name));
  return owner === undefined ? [] : [moduleOf(owner.to) ?? []].flat();
}

/** The module to which a file belongs. */
export function moduleOf(path: string): string | undefined {
  return path.match(/^modules\/([^/]+)\//)?.[1];
}

/** The path of a file inside its module. */
export function partOf(path: string): string {
  return path.replace(/^modules\/[^/]+\//, "");
}
