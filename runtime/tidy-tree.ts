// The rules of style that need the whole tree: what is never used, and what is missing.

import { isTestFile, nameOf, type Source, walk } from "./sources.ts";

/** Files that are read or run by something other than an import. */
const entries = [
  /^runtime\/(index|client|http|simulation\/index)\.ts$/,
  /^runtime\/bench\//,
  /^deploy\/(main|simulation\/hunt|topologies\/[^/]+)\.ts$/,
  /^runtime\/simulation\/(hunt-trips|sample-command)\.ts$/,
  /^modules\/client\.ts$/,
  /^(runtime|deploy)\/testing\//,
  /^runtime\/transport\/encoded\.ts$/,
  /^modules\/[^/]+\/(module|schema)\.ts$/,
  /\.(test|types|check)\.tsx?$/,
  /\.(config|d)\.ts$/,
];

/** Exports that no other file imports. Use by tests alone is no use, save for what is for tests. */
export function deadExports(sources: readonly Source[]): string[] {
  const used = usedNames(sources);
  return sources
    .filter(({ path }) => !entries.some((entry) => entry.test(path)))
    .flatMap((source) => {
      const names = used.get(source.path) ?? new Set<string>();
      if (names.has("*")) return [];
      return exportsOf(source)
        .filter((name) => !names.has(name))
        .map(
          (name) =>
            `${source.path} exports ${name}, which nothing outside of tests imports. ` +
            'Remove it, or only its "export".',
        );
    });
}

function usedNames(sources: readonly Source[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    for (const { to, names } of imports) {
      if (isTestFile(path) && !isTestFile(to)) continue;
      const known = used.get(to) ?? new Set();
      for (const name of names) known.add(name);
      used.set(to, known);
    }
  }
  return used;
}

/** A file's exports, without the types that its own other lines speak of. */
function exportsOf(source: Source): string[] {
  return source.program.body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const { declaration, specifiers } = statement;
    if (declaration === null) return specifiers.map((one) => nameOf(one.exported));
    if (declaration.type === "VariableDeclaration") {
      return declaration.declarations.flatMap(({ id }) =>
        id.type === "Identifier" ? [id.name] : [],
      );
    }
    if (!("id" in declaration) || declaration.id === null) return [];
    const name = nameOf(declaration.id);
    const isType = /^TS(Interface|TypeAlias)Declaration$/.test(declaration.type);
    return isType && mentions(source, name) > 1 ? [] : [name];
  });
}

function mentions({ program }: Source, name: string): number {
  let count = 0;
  walk(program, (node) => {
    if (node.type === "Identifier" && node.name === name) count++;
  });
  return count;
}

/** Source files that nothing imports, and other files of modules and runtime that nothing names. */
export function deadFiles(
  sources: readonly Source[],
  texts: ReadonlyMap<string, string>,
): string[] {
  const imported = new Set(
    sources.flatMap(({ path, imports }) =>
      imports.flatMap(({ to }) => (isTestFile(path) && !isTestFile(to) ? [] : [to])),
    ),
  );
  return [...texts.keys()].flatMap((path) => {
    if (!/^(modules|runtime|deploy)\//.test(path) || imported.has(path)) return [];
    if (entries.some((entry) => entry.test(path)) || isNamed(path, texts)) return [];
    return [`${path} is used by nothing. Import it, name it where it is run, or delete it.`];
  });
}

/** Prose, what tools write, and what deployments read need not be named. */
function isNamed(path: string, texts: ReadonlyMap<string, string>): boolean {
  if (/\.(md|snap)$|\/migrations\/meta\/|^deploy\/(?!.*\.ts$)/.test(path)) return true;
  const name = path.split("/").at(-1) ?? path;
  const isSource = /\.tsx?$/.test(path);
  for (const [other, text] of texts) {
    if (other === path || (isSource && !/(^package\.json|\.md)$/.test(other))) continue;
    if (text.includes(isSource ? path : name)) return true;
  }
  return false;
}

/** What every module has, so that a reader finds it in the same place. */
export function missingParts(paths: readonly string[]): string[] {
  const modules = new Set(paths.flatMap((path) => path.match(/^modules\/([^/]+)\//)?.[1] ?? []));
  return [...modules].flatMap((name) =>
    ["contract.ts", "module.ts", "README.md"]
      .filter((part) => !paths.includes(`modules/${name}/${part}`))
      .map((part) => `modules/${name} has no ${part}. Every module has one: write it.`),
  );
}
