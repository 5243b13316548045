/** The addresses that have routes, for answers to requests that fit none. */
export class RouteTable {
  readonly #list: () => readonly Listed[];
  #known: readonly KnownRoute[] | undefined;

  /** The routes are asked for at the first use, when all are there. */
  constructor(list: () => readonly Listed[]) {
    this.#list = list;
  }

  get #routes(): readonly KnownRoute[] {
    this.#known ??= knownRoutes(this.#list());
    return this.#known;
  }

  /** The methods that an address answers to, sorted; none when it is unknown. */
  methodsAt(path: string): string[] {
    const methods = new Set<string>();
    for (const route of this.#routes) {
      if (!route.pattern.test(path)) continue;
      for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }

  /** The pattern of the route that an address belongs to; empty when it is unknown. */
  patternAt(path: string): string {
    return this.#routes.find(({ pattern }) => pattern.test(path))?.path ?? "";
  }
}

type Listed = { readonly method: string; readonly path: string };
type KnownRoute = {
  readonly path: string;
  readonly pattern: RegExp;
  readonly methods: Set<string>;
};

function knownRoutes(listed: readonly Listed[]): KnownRoute[] {
  const known = new Map<string, KnownRoute>();
  for (const { method, path } of listed) {
    const route = known.get(path) ?? { path, pattern: patternOf(path), methods: new Set() };
    route.methods.add(method);
    if (method === "GET") route.methods.add("HEAD");
    known.set(path, route);
  }
  return [...known.values()];
}

function patternOf(path: string): RegExp {
  const segments = path.split("/").map((segment) => {
    if (segment.startsWith(":")) return "[^/]+";
    if (segment === "*") return ".*";
    return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${segments.join("/")}/?$`);
}
