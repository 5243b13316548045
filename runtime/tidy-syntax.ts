// The rules of style that only the syntax tree can tell.

import type { Node } from "oxc-parser";
import { childrenOf, isTestFile, nameOf, type Source, walk } from "./sources.ts";

const functionLinesMax = 70;
const parametersMax = 3;
const nestingMax = 3;

/** A rule looks at one node and says what is wrong with it. */
type Rule = (node: Node, ancestors: readonly Node[], source: Source) => string | undefined;

/** Every fault of a file that its syntax shows, in the order of the text. */
export function syntaxFaults(source: Source): string[] {
  const faults: string[] = [];
  walk(source.program, (node, ancestors) => {
    for (const rule of rules) {
      const sentence = rule(node, ancestors, source);
      if (sentence !== undefined) {
        faults.push(`${source.path}:${lineAt(source, node.start)} ${sentence}`);
      }
    }
  });
  return faults;
}

const rules: readonly Rule[] = [
  functionLength,
  parameterCount,
  nestingDepth,
  worldAsGlobal,
  worldAsMember,
  worldAsImport,
  clockAsDate,
  escapeFromTypes,
  castBudget,
  erasedSyntax,
  defaultExport,
  exportOfAll,
  idleTest,
  emptyName,
  moduleMemory,
];

function lineAt({ text }: Source, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function isFunction(node: Node | undefined) {
  return (
    node?.type === "FunctionDeclaration" ||
    node?.type === "FunctionExpression" ||
    node?.type === "ArrowFunctionExpression"
  );
}

/** A suite of tests and an arrow to one object (a set of statements) are tables, not functions. */
function functionLength(node: Node, ancestors: readonly Node[], source: Source) {
  if (!isFunction(node) || isTable(node) || testWord(ancestors.at(-1)) === "describe") {
    return undefined;
  }
  const lines = lineAt(source, node.end) - lineAt(source, node.start) + 1;
  if (lines <= functionLinesMax) return undefined;
  return `has a function of ${lines} lines, at most ${functionLinesMax}. Split it by idea.`;
}

function isTable(node: Node): boolean {
  if (node.type !== "ArrowFunctionExpression") return false;
  const body: Node = node.body;
  return (
    (body.type === "ParenthesizedExpression" ? body.expression : body).type === "ObjectExpression"
  );
}

/** `describe` or `test` where a node is a call of it, or of its `each`. */
function testWord(node: Node | undefined): string | undefined {
  if (node?.type !== "CallExpression") return undefined;
  let callee: Node = node.callee;
  while (callee.type === "CallExpression" || callee.type === "MemberExpression") {
    callee = callee.type === "CallExpression" ? callee.callee : callee.object;
  }
  if (callee.type !== "Identifier") return undefined;
  return /^(describe|test|it)$/.test(callee.name) ? callee.name : undefined;
}

/** The columns of a table of tests are no parameters; an error's options, `cause`, do not count. */
function parameterCount(node: Node, ancestors: readonly Node[]) {
  if (testWord(ancestors.at(-1)) !== undefined) return undefined;
  if (!isFunction(node) || !("params" in node) || !Array.isArray(node.params)) return undefined;
  const count = node.params.filter((one) => !isErrorOptions(one)).length;
  if (count <= parametersMax) return undefined;
  return `has a function of ${count} parameters, at most ${parametersMax}. Pass an object.`;
}

function isErrorOptions(parameter: Node): boolean {
  return parameter.type === "Identifier" && parameter.name === "options" && "optional" in parameter;
}

const nesting = new Set(
  (
    "IfStatement ForStatement ForInStatement ForOfStatement WhileStatement DoWhileStatement " +
    "SwitchStatement TryStatement"
  ).split(" "),
);

/** Counts the branches and loops around a statement, within its function; `else if` is flat. */
function nestingDepth(node: Node, ancestors: readonly Node[]) {
  if (!nesting.has(node.type) || isElseIf(node, ancestors.at(-1))) return undefined;
  let depth = 1;
  for (let index = ancestors.length - 1; index >= 0; index--) {
    const one = ancestors[index];
    if (one === undefined || isFunction(one)) break;
    if (nesting.has(one.type) && !isElseIf(one, ancestors[index - 1])) depth++;
  }
  if (depth !== nestingMax + 1) return undefined;
  return `nests ${depth} deep, at most ${nestingMax}. Return early, or name the inner part.`;
}

function isElseIf(node: Node, parent: Node | undefined): boolean {
  return parent?.type === "IfStatement" && parent.alternate === node;
}

const injected =
  "Take time, chance and ids from the context or the port's World; " +
  "only runtime/host and runtime/testing touch the real ones.";
const bannedGlobals = new Set("setTimeout setInterval setImmediate queueMicrotask".split(" "));
const bannedImports = new Set("randomUUID randomBytes randomInt getRandomValues".split(" "));
const bannedMembers = new Map([
  ["Date", ["now"]],
  ["Math", ["random"]],
  ["performance", ["now"]],
  ["crypto", ["randomUUID", "getRandomValues"]],
  ["Bun", ["sleep", "sleepSync", "env", "randomUUIDv7"]],
  ["process", ["env", "nextTick", "hrtime"]],
  ["globalThis", [...bannedGlobals]],
]);

function mayTouchTheWorld(path: string): boolean {
  return /^(runtime\/(host|testing|bench|cli)|deploy)\//.test(path);
}

function worldAsGlobal(node: Node, ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "Identifier" || !bannedGlobals.has(node.name)) return undefined;
  if (mayTouchTheWorld(path) || isName(node, ancestors.at(-1))) return undefined;
  return `uses ${node.name}. ${injected}`;
}

/** True where an identifier is the name of a member, not a reference to a variable. */
function isName(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent?.type === "Property") return parent.key === node && !parent.shorthand;
  if (parent?.type === "ImportSpecifier") return true;
  return parent !== undefined && "key" in parent && parent.key === node;
}

function worldAsMember(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "MemberExpression" || node.object.type !== "Identifier") return undefined;
  const [object, member] = [node.object.name, nameOf(node.property)];
  if (mayTouchTheWorld(path) || !bannedMembers.get(object)?.includes(member)) return undefined;
  if (member === "env" && isTestFile(path)) return undefined;
  return `uses ${object}.${member}. ${injected}`;
}

function worldAsImport(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "ImportDeclaration" || mayTouchTheWorld(path)) return undefined;
  if (/^(node:)?timers/.test(node.source.value)) return `imports timers. ${injected}`;
  if (!/^(node:)?crypto$/.test(node.source.value)) return undefined;
  const name = node.specifiers.map(importedName).find((one) => bannedImports.has(one));
  return name === undefined ? undefined : `uses ${name}. ${injected}`;
}

function importedName(specifier: Node): string {
  return specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : "";
}

function clockAsDate(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "NewExpression" && node.type !== "CallExpression") return undefined;
  if (node.callee.type !== "Identifier" || node.callee.name !== "Date") return undefined;
  if (mayTouchTheWorld(path)) return undefined;
  if (node.type === "NewExpression" && node.arguments.length > 0) return undefined;
  return `reads the clock with Date(). ${injected}`;
}

function escapeFromTypes(node: Node) {
  if (node.type === "TSAnyKeyword") return "says any. Say unknown, and find out what it is.";
  if (node.type !== "TSNonNullExpression") return undefined;
  return "asserts with ! that something is there. Handle its absence, or throw saying what lacks.";
}

/** Where the kernel joins what the type system cannot. Each cast there has its reason beside it. */
const castHomes =
  /^runtime\/(contract|module|saga|store|transport|messaging|gateway|host|testing|bench)\//;
const unproved = /^runtime\/(testing|bench)\//;

function castBudget(node: Node, ancestors: readonly Node[], source: Source) {
  const { path } = source;
  if (node.type === "TSTypeAssertion") return "casts with <T>. Narrow the value by a check.";
  if (node.type !== "TSAsExpression") return undefined;
  const type = node.typeAnnotation;
  if (type.type === "TSTypeReference" && nameOf(type.typeName) === "const") return undefined;
  if (type.type === "TSNeverKeyword" && isTestFile(path)) return undefined;
  if (!castHomes.test(path)) {
    return 'casts with "as". Narrow the value by a check; only the kernel\'s plumbing may cast.';
  }
  if (isTestFile(path) || unproved.test(path) || hasReason(node, ancestors, source)) {
    return undefined;
  }
  return 'casts with "as" without a reason. Say in a comment beside it why it holds.';
}

/** The innermost of these around a cast is what a comment beside it is about. */
const commented = /^(?!Block).*Statement$|^VariableDeclaration$|Property|^MethodDefinition$/;

/** A comment that only points at another one: its reason is gone once that one is moved. */
const pointer = /^\W*(as|see|same as) (above|before|below)\W*$/i;

/** Reports whether a comment stands directly above the statement of a cast, or within it before. */
function hasReason(cast: Node, ancestors: readonly Node[], source: Source): boolean {
  const statement = ancestors.findLast((one) => commented.test(one.type)) ?? cast;
  const [first, last] = [lineAt(source, statement.start), lineAt(source, cast.end)];
  return source.comments.some(({ start, end, value }) => {
    const isBeside = lineAt(source, end) >= first - 1 && lineAt(source, start) <= last;
    return isBeside && !pointer.test(value);
  });
}

function erasedSyntax(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type === "TSEnumDeclaration") return "has an enum. Use a union of literals.";
  if (node.type === "TSParameterProperty") return "has a parameter property. Write the field.";
  if (node.type !== "TSModuleDeclaration" || path.endsWith(".d.ts")) return undefined;
  return "has a namespace. A file is one.";
}

function defaultExport(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "ExportDefaultDeclaration") return undefined;
  if (/^modules\/[^/]+\/module\.ts$|^deploy\/topologies\/|\.config\.ts$|\.d\.ts$/.test(path)) {
    return undefined;
  }
  return "has a default export. Name it; only module.ts and topologies have one.";
}

function exportOfAll(node: Node) {
  if (node.type !== "ExportAllDeclaration") return undefined;
  return "has export *. List the names, so that the surface is a decision.";
}

const idle = new Set("skip only todo if skipIf todoIf failing".split(" "));

function idleTest(node: Node, _ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "MemberExpression" || node.object.type !== "Identifier") return undefined;
  if (!/^(test|it|describe)$/.test(node.object.name) || !isTestFile(path)) return undefined;
  const member = nameOf(node.property);
  if (!idle.has(member)) return undefined;
  return `has ${node.object.name}.${member}. A test runs, always, or is not there.`;
}

function emptyName(node: Node) {
  if (!/^(ClassDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration)$/.test(node.type)) {
    return undefined;
  }
  const [id] = childrenOf(node).filter((one) => one.type === "Identifier");
  const word = id && nameOf(id).match(/(Manager|Helpers?|Utils?|Impl|Service)$/)?.[0];
  if (id === undefined || word === undefined) return undefined;
  return `calls something ${nameOf(id)}; "${word}" says nothing. Name what it is or does.`;
}

/** What outlives a call in memory alone is lost at a restart, and differs between processes. */
function moduleMemory(node: Node, ancestors: readonly Node[], { path }: Source) {
  if (node.type !== "VariableDeclaration" || !path.startsWith("modules/")) return undefined;
  if (isTestFile(path) || path.includes("/seed/")) return undefined;
  const parent = ancestors.at(-1);
  if (parent?.type !== "Program" && parent?.type !== "ExportNamedDeclaration") return undefined;
  const isFilledLater = node.declarations.some(({ init }) => isEmptyContainer(init));
  if (node.kind === "const" && !isFilledLater) return undefined;
  return "remembers something in a variable of the file. Keep it in the database, or in a port.";
}

/** An empty map, set, list or object: whoever makes one at the top of a file means to fill it. */
function isEmptyContainer(node: Node | null): boolean {
  if (node?.type === "ArrayExpression") return node.elements.length === 0;
  if (node?.type === "ObjectExpression") return node.properties.length === 0;
  if (node?.type !== "NewExpression" || node.arguments.length > 0) return false;
  return node.callee.type === "Identifier" && ["Map", "Set"].includes(node.callee.name);
}
