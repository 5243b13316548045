// The project's own source, read and parsed, for the tests that hold its rules.

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { type Comment, type Node, type Program, parseSync, visitorKeys } from "oxc-parser";

/** One import, re-export, `import()` or `import("…")` type of a file. */
export interface Import {
  /** The specifier as written. */
  readonly spelled: string;
  /** A path in the tree, or the specifier of a package. */
  readonly to: string;
  /** The imported names; `*` when it cannot be told which. */
  readonly names: readonly string[];
}

/** One parsed TypeScript file. */
export interface Source {
  /** The path from the root of the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
}

/** Calls `visit` for the node and all below it, each with the nodes around it, nearest last. */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: readonly Node[] = [],
): void {
  visit(node, ancestors);
  const inner = [...ancestors, node];
  for (const child of childrenOf(node)) walk(child, visit, inner);
}

/** The direct parts of a node, in the order of the text. */
export function childrenOf(node: Node): Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const child: unknown = Reflect.get(node, key);
    return Array.isArray(child) ? child.filter(isNode) : isNode(child) ? [child] : [];
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** Parses one file. Throws when it is not TypeScript: rules cannot be held on what is not read. */
export function parseSource(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text);
  const [first] = errors;
  if (first !== undefined) throw new SyntaxError(`${path} is not TypeScript: ${first.message}.`);
  return { path, text, program, comments, imports: importsOf(path, program) };
}

function importsOf(path: string, program: Program): Import[] {
  const found: Import[] = [];
  walk(program, (node) => {
    if (!("source" in node) || node.source === null) return;
    const spelled = "value" in node.source ? String(node.source.value) : computed;
    found.push({ spelled, to: resolve(path, spelled), names: namesOf(node, program) });
  });
  return found;
}

/** Stands for the specifier of an `import()` whose argument is not a literal. */
export const computed = "(computed)";

function resolve(from: string, spelled: string): string {
  if (spelled.startsWith(".")) return posix.join(posix.dirname(from), spelled);
  if (spelled === "#runtime") return "runtime/index.ts";
  if (spelled === "#runtime/client") return "runtime/client.ts";
  if (spelled === "#runtime/http") return "runtime/http.ts";
  if (spelled === "#runtime/simulation") return "runtime/simulation/index.ts";
  if (spelled.startsWith("#modules/")) return `modules/${spelled.slice(9)}/contract.ts`;
  return spelled;
}

function namesOf(node: Node, program: Program): string[] {
  if (node.type === "ImportDeclaration") {
    return node.specifiers.flatMap((one) => {
      if (one.type === "ImportDefaultSpecifier") return ["default"];
      if (one.type === "ImportSpecifier") return [nameOf(one.imported)];
      return membersOf(one.local.name, program);
    });
  }
  if (node.type === "ExportNamedDeclaration")
    return node.specifiers.map((one) => nameOf(one.local));
  if (node.type === "TSImportType" && node.qualifier?.type === "Identifier") {
    return [node.qualifier.name];
  }
  return ["*"];
}

/** The names used of a namespace import, as in `store.levelOf`. */
function membersOf(namespace: string, program: Program): string[] {
  const names: string[] = [];
  walk(program, (node, ancestors) => {
    if (node.type !== "Identifier" || node.name !== namespace) return;
    const parent = ancestors.at(-1);
    if (parent?.type === "ImportNamespaceSpecifier") return;
    if (parent?.type === "MemberExpression" && parent.object === node && !parent.computed) {
      names.push(nameOf(parent.property));
    } else if (parent?.type === "TSQualifiedName") names.push(parent.right.name);
    else if (parent?.type !== "MemberExpression") names.push("*");
  });
  return names;
}

/** The name that an identifier or a string stands for. */
export function nameOf(node: Node): string {
  if ("name" in node) return String(node.name);
  return "value" in node ? String(node.value) : "";
}

/** Files that only tests run: they may do what the product may not. */
export function isTestFile(path: string): boolean {
  return (
    /\.(test|suite|types|check|bench)\.tsx?$/.test(path) ||
    /(^|\/)testing\//.test(path) ||
    /^(runtime\/(bench|simulation)|deploy\/simulation)\//.test(path) ||
    /^runtime\/(architecture[a-z-]*|sources|tidy[a-z-]*)\.ts$/.test(path)
  );
}

/** Every file under `root` by its path, without what is installed, made or hidden from git. */
export function filesUnder(root: string): string[] {
  const found: string[] = [];
  function enter(folder: string) {
    for (const entry of readdirSync(posix.join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!/(^|\/)(node_modules|\.git|data)$/.test(path)) enter(path);
      } else if (entry.isFile() && !path.endsWith(".log")) found.push(path);
    }
  }
  enter("");
  return found.sort();
}

/** Reads and parses every TypeScript file among `paths`. */
export function sourcesAmong(root: string, paths: readonly string[]): Source[] {
  return paths
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parseSource(path, readFileSync(posix.join(root, path), "utf8")));
}
