import { Elysia } from "elysia";
import type { Call } from "../contract/call.ts";
import type { Contract } from "../contract/contract.ts";
import type { Identity } from "../contract/identity.ts";

/** What every route gets from the gateway, beside Elysia's own. */
export type RequestContext = {
  /** Calls a module on behalf of whoever sent the request, within the request's deadline and trace. */
  readonly call: Call<Contract>;
  /** Who sent the request, from a verified access token; anonymous without one. */
  readonly identity: Identity;
  /** The `Idempotency-Key` header, or undefined. */
  readonly idempotencyKey: string | undefined;
  /** Throws 401 or 403 unless the sender has one of these roles. */
  readonly requireRole: (...roles: ("customer" | "staff" | "admin")[]) => void;
  /** The `Idempotency-Key` header; throws 400 without one. */
  readonly requireKey: () => string;
};

/** The plugin that a module's routes begin with: `new Elysia().use(edge)…`. */
export function edgeShape() {
  return new Elysia({ name: "edge" }).derive({ as: "scoped" }, (): RequestContext => {
    throw new Error("shape only");
  });
}

/** The gateway's plugin, as a type. */
export type Edge = ReturnType<typeof edgeShape>;
