import type { Identity, Role } from "../contract/identity.ts";
import { HttpProblem } from "./http-problem.ts";

/** Who may use a route: everybody, or signed-in users who have one of these roles. */
export type Access = "public" | readonly Role[];

/** The hooks of a route, as Elysia keeps them. */
export interface RouteHooks {
  transform?: readonly { readonly fn: unknown }[];
}

const statements = new WeakMap<object, Access>();

/**
 * Makes a hook that does nothing but state a rule. A rule is a hook because hooks are all that
 * Elysia hands down from `.guard()` to the routes of nested plug-ins.
 */
export function accessHook(access: Access): () => void {
  const statement = () => {};
  statements.set(statement, access);
  return statement;
}

/** The rules that were stated for a route, by itself or by a `.guard()` around it. */
export function accessOf({ transform = [] }: RouteHooks): Access[] {
  return transform.map(({ fn }) => statementOf(fn)).filter((access) => access !== undefined);
}

/** Reports whether a hook only states a rule. */
export function isAccessHook({ fn }: { readonly fn: unknown }): boolean {
  return statementOf(fn) !== undefined;
}

function statementOf(hook: unknown): Access | undefined {
  return typeof hook === "function" ? statements.get(hook) : undefined;
}

/** Throws 401 for a stranger, and 403 for a user who has none of these roles. */
export function requireRole(identity: Identity, roles: readonly Role[]): void {
  if (identity.kind !== "user") throw authenticationRequired();
  if (!roles.includes(identity.role)) throw forbidden(roles);
}

function authenticationRequired(): HttpProblem {
  const headers = { "www-authenticate": "Bearer" };
  return new HttpProblem(
    { status: 401, code: "authentication_required", headers },
    "This needs a signed-in user: send an access token as Authorization: Bearer.",
  );
}

function forbidden(roles: readonly string[]): HttpProblem {
  return new HttpProblem(
    { status: 403, code: "forbidden" },
    `This is only for the role ${roles.join(" or ")}.`,
  );
}
