import type { AnyElysia } from "elysia";
import { accessOf } from "./access.ts";
import { type RouteSchemas, schemaMistakes } from "./schema-mistakes.ts";

/** The routes of the modules cannot be served as they are declared; the message says why. */
export class RouteError extends Error {
  override readonly name = "RouteError";
}

/** Below this address only staff and administrators may do anything. */
const ADMIN_PATH = "/v1/admin";

/**
 * Throws a RouteError with every mistake unless all routes state who may use them and have schemas
 * that the gateway can check by, no two are the same, and nothing answers before the gateway's
 * guard has run.
 */
export function assertRoutes(plugins: readonly AnyElysia[]): void {
  const routes = plugins.flatMap((plugin) =>
    plugin.routes.map((route) => declared(moduleOf(plugin), route)),
  );
  const mistakes = [
    ...plugins.flatMap(unguarded),
    ...routes.flatMap(accessMistakes),
    ...routes.flatMap(({ module, name, hooks }) =>
      // Any hooks may have schemas, which are of a kind that is told here.
      schemaMistakes(hooks as RouteSchemas, `The route ${name} of the module ${module}`),
    ),
    ...routes.flatMap((route, index) =>
      routes.slice(0, index).flatMap((earlier) => conflict(earlier, route)),
    ),
  ];
  if (mistakes.length > 0) throw new RouteError(mistakes.join("\n"));
}

/** A route as its module declares it. */
interface DeclaredRoute {
  readonly module: string;
  readonly method: string;
  readonly path: string;
  /** Method and path, for sentences. */
  readonly name: string;
  /** The texts between the path's parameters. */
  readonly texts: readonly string[];
  readonly parameters: readonly string[];
  readonly hooks: AnyElysia["routes"][number]["hooks"];
}

function declared(module: string, { method, path, hooks }: AnyElysia["routes"][number]) {
  return {
    module,
    method,
    path,
    name: `${method} ${path}`,
    texts: withoutEnd(path).split(/:[^/]+/),
    parameters: [...path.matchAll(/:([^/?]+)/g)].map(([, parameter = ""]) => parameter),
    hooks,
  } satisfies DeclaredRoute;
}

/** Elysia answers to a path with and without a slash at the end. */
function withoutEnd(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** The module that a plug-in has its name of. */
function moduleOf({ config }: AnyElysia): string {
  return config.name ?? "without a name";
}

/** The parts of Elysia that are not of a single route. It declares some of them private. */
interface BesideRoutes {
  readonly event: { readonly [event: string]: readonly { readonly scope?: string }[] | undefined };
  readonly extender: { readonly higherOrderFunctions: readonly unknown[] };
  readonly promisedModules: { readonly size: number };
  readonly validator: { readonly global: object | null };
  readonly standaloneValidator: { readonly global: object | null };
}

function unguarded(plugin: AnyElysia): string[] {
  const beside = plugin as unknown as BesideRoutes; // All of it is there; some is private by type.
  const { event, extender, promisedModules } = beside;
  const module = moduleOf(plugin);
  const mistakes: string[] = [];
  if ((event["request"]?.length ?? 0) > 0 || extender.higherOrderFunctions.length > 0) {
    mistakes.push(
      `The module ${module} uses onRequest or wrap, which run before the gateway knows the route ` +
        "and for the routes of all modules. Use onBeforeHandle.",
    );
  }
  if (promisedModules.size > 0) {
    mistakes.push(
      `The module ${module} uses a plug-in that is still a promise, so the gateway cannot guard ` +
        "its routes. Await the plug-in before .use().",
    );
  }
  const reaching = globalParts(beside);
  if (reaching.length > 0) {
    mistakes.push(
      `The module ${module} declares for all that follows (${reaching.join(", ")}), which would ` +
        "also run for the modules after it in the list, and not for those before. " +
        'Declare it without { as: "global" } and .as("global").',
    );
  }
  return mistakes;
}

/** The hooks that a plug-in declares for others: Elysia gives them to routes that come later. */
function globalParts({ event, validator, standaloneValidator }: BesideRoutes): string[] {
  const hooks = Object.entries(event)
    .filter(([, hooks]) => hooks?.some(({ scope }) => scope === "global"))
    .map(([name]) => name);
  const schemas = Object.values({ ...validator.global, ...standaloneValidator.global });
  return schemas.some((schema) => schema) ? [...hooks, "schema"] : hooks;
}

function accessMistakes({ module, name, path, hooks }: DeclaredRoute): string[] {
  const rules = accessOf(hooks);
  const isAdmin = path === ADMIN_PATH || path.startsWith(`${ADMIN_PATH}/`);
  if (rules.length === 0) {
    return [
      `The route ${name} of the module ${module} does not state who may use it. Declare it after ` +
        '.use(edge) with access: "public", or with the roles, as in access: ["staff", "admin"].',
    ];
  }
  if (!isAdmin || rules.some((rule) => rule !== "public" && !rule.includes("customer"))) return [];
  return [
    `The route ${name} of the module ${module} is below ${ADMIN_PATH} but not for staff alone. ` +
      'Declare it with access: ["staff", "admin"], or choose another path.',
  ];
}

/** Why two routes cannot stand beside one another. */
function conflict(one: DeclaredRoute, other: DeclaredRoute): string[] {
  if (!meet(one.method, other.method)) return [];
  const [first, second] = [one, other].map(({ name, module }) => `${name} of the module ${module}`);
  const sides = `The routes ${first} and ${second}`;
  if (one.texts.join(":") === other.texts.join(":")) {
    return [`${sides} are the same. Change the path of one of them.`];
  }
  const names = clashingParameters(one, other);
  if (names === undefined) return [];
  return [`${sides} give one parameter two names, ${names.join(" and ")}. Use one name in both.`];
}

/** A route for all methods meets each; one for HEAD is answered by that for GET. */
function meet(one: string, other: string): boolean {
  const isRead = (method: string) => method === "GET" || method === "HEAD";
  return one === other || one === "ALL" || other === "ALL" || (isRead(one) && isRead(other));
}

/** The first parameter at the same place of both paths whose names differ. */
function clashingParameters(one: DeclaredRoute, other: DeclaredRoute) {
  if (one.method !== other.method) return undefined;
  for (const [index, name] of one.parameters.entries()) {
    const theirs = other.parameters[index];
    if (theirs === undefined || one.texts[index] !== other.texts[index]) return undefined;
    if (name !== theirs) return [`:${name}`, `:${theirs}`];
  }
  return undefined;
}
